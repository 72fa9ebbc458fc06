#include <fmt/format.h>

#include "prunenet/family/adapters.h"
#include "prunenet/family/decoder_config.h"
#include "prunenet/family/fused_qkv.h"
#include "prunenet/family/layer_norm_places.h"

namespace prunenet {

namespace {

/// GPT-NeoX (Black et al. 2022) and Pythia: query, key and value of each head lie together in one tensor.
class GptNeoxFamily final : public Family {
 public:
  GptNeoxFamily(ModelConfig config, bool attention_bias) : Family(std::move(config)), attention_bias_(attention_bias) {}

  [[nodiscard]] std::string name() const override { return "gpt_neox"; }

  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override {
    const std::string prefix = layer_prefix(layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t neurons = config().intermediate_size;
    FfnBlock block;
    block.norm = layer_norm_place(prefix + "post_attention_layernorm", d);
    block.up = linear_place(prefix + "mlp.dense_h_to_4h", true, neurons, d);
    block.down = linear_place(prefix + "mlp.dense_4h_to_h", true, d, neurons);
    return block;
  }

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    const std::string prefix = layer_prefix(layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t rows = config().num_attention_heads * config().head_dim;
    AttentionBlock block;
    block.norm = layer_norm_place(prefix + "input_layernorm", d);
    place_fused_qkv(linear_place(prefix + "attention.query_key_value", attention_bias_, 3 * rows, d), config(),
                    QkvOrder::kByGroup, block);
    block.o = linear_place(prefix + "attention.dense", attention_bias_, d, rows);
    return block;
  }

  [[nodiscard]] std::string embedding() const override { return "gpt_neox.embed_in.weight"; }
  [[nodiscard]] NormPlace final_norm() const override {
    return layer_norm_place("gpt_neox.final_layer_norm", config().hidden_size);
  }
  [[nodiscard]] std::string output_matrix() const override { return "embed_out.weight"; }
  [[nodiscard]] std::vector<std::string> unused_tensors() const override {
    const std::string prefix = "gpt_neox.layers.{}.attention.";
    return {prefix + "bias", prefix + "masked_bias", prefix + "rotary_emb.inv_freq"};
  }

 private:
  static std::string layer_prefix(std::int64_t layer) { return fmt::format("gpt_neox.layers.{}.", layer); }

  bool attention_bias_;
};

}  // namespace

std::unique_ptr<Family> make_gpt_neox(const FamilyInput& input) {
  constexpr double kDefaultRotated = 0.25;
  const ConfigFields& fields = input.config;
  ModelConfig config = read_sizes(fields, input.architecture);
  config.num_key_value_heads = config.num_attention_heads;
  config.norm = NormKind::kLayer;
  config.norm_eps = fields.number_or("layer_norm_eps", 1e-5, 0.0, 1.0);
  config.activation = read_activation(fields, "hidden_act", "gelu");
  config.gated = false;
  config.parallel_blocks = fields.boolean_or("use_parallel_residual", true);
  config.tie_word_embeddings = fields.boolean_or("tie_word_embeddings", false);
  // rotary_pct and rotary_emb_base are the keys of transformers before version 5.
  read_rope(fields, config, fields.number_or("rotary_emb_base", 10000.0, 1.0, 1e12),
            fields.number_or("rotary_pct", kDefaultRotated, 0.0, 1.0));
  return std::make_unique<GptNeoxFamily>(std::move(config), fields.boolean_or("attention_bias", true));
}

}  // namespace prunenet
