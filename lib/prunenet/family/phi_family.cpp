#include <fmt/format.h>

#include "prunenet/family/adapters.h"
#include "prunenet/family/decoder_config.h"
#include "prunenet/family/layer_norm_places.h"

namespace prunenet {

namespace {

/// Phi-1, 1.5 and 2 (Gunasekar et al. 2023): attention and FFN side by side behind one layer norm, biases everywhere.
class PhiFamily final : public Family {
 public:
  PhiFamily(ModelConfig config, bool head_norms) : Family(std::move(config)), head_norms_(head_norms) {}

  [[nodiscard]] std::string name() const override { return "phi"; }

  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override {
    const std::string prefix = fmt::format("model.layers.{}.", layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t neurons = config().intermediate_size;
    FfnBlock block;
    block.norm = layer_norm_place(prefix + "input_layernorm", d);
    block.up = linear_place(prefix + "mlp.fc1", true, neurons, d);
    block.down = linear_place(prefix + "mlp.fc2", true, d, neurons);
    return block;
  }

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    const std::string prefix = fmt::format("model.layers.{}.", layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t c = config().head_dim;
    const std::int64_t queries = config().num_attention_heads * c;
    const std::int64_t keys = config().num_key_value_heads * c;
    AttentionBlock block;
    block.norm = layer_norm_place(prefix + "input_layernorm", d);
    block.q = linear_place(prefix + "self_attn.q_proj", true, queries, d);
    block.k = linear_place(prefix + "self_attn.k_proj", true, keys, d);
    block.v = linear_place(prefix + "self_attn.v_proj", true, keys, d);
    block.o = linear_place(prefix + "self_attn.dense", true, d, queries);
    if (head_norms_) {
      block.q_norm = layer_norm_place(prefix + "self_attn.q_layernorm", c);
      block.k_norm = layer_norm_place(prefix + "self_attn.k_layernorm", c);
    }
    return block;
  }

  [[nodiscard]] std::string embedding() const override { return "model.embed_tokens.weight"; }
  [[nodiscard]] NormPlace final_norm() const override {
    return layer_norm_place("model.final_layernorm", config().hidden_size);
  }
  [[nodiscard]] std::string output_bias() const override { return "lm_head.bias"; }
  [[nodiscard]] std::vector<std::string> unused_tensors() const override {
    return {"model.layers.{}.self_attn.rotary_emb.inv_freq"};
  }

 private:
  bool head_norms_;
};

}  // namespace

std::unique_ptr<Family> make_phi(const FamilyInput& input) {
  constexpr double kDefaultRotated = 0.5;
  const ConfigFields& fields = input.config;
  ModelConfig config = read_sizes(fields, input.architecture);
  config.norm = NormKind::kLayer;
  config.norm_eps = fields.number_or("layer_norm_eps", 1e-5, 0.0, 1.0);
  config.activation = read_activation(fields, "hidden_act", "gelu_new");
  config.gated = false;
  config.parallel_blocks = true;
  config.tie_word_embeddings = fields.boolean_or("tie_word_embeddings", false);
  read_rope(fields, config, 10000.0, kDefaultRotated);
  return std::make_unique<PhiFamily>(std::move(config), fields.boolean_or("qk_layernorm", false));
}

}  // namespace prunenet
