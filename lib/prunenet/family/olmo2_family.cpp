#include "prunenet/family/llama_family.h"

namespace prunenet {

namespace {

/// OLMo 2 (OLMo et al. 2025): blocks read the stream as it is, what they write is normalised; queries and keys are
/// normalised over all heads at once.
class Olmo2Family final : public LlamaFamily {
 public:
  using LlamaFamily::LlamaFamily;

  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override {
    FfnBlock block = LlamaFamily::ffn_block(layer);
    block.norm = {};
    block.post_norm = norm_place(layer_prefix(layer) + "post_feedforward_layernorm");
    return block;
  }

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    AttentionBlock block = LlamaFamily::attention_block(layer);
    const std::string prefix = layer_prefix(layer);
    block.norm = {};
    block.post_norm = norm_place(prefix + "post_attention_layernorm");
    block.q_norm = {prefix + "self_attn.q_norm.weight", "", block.q.outputs};
    block.k_norm = {prefix + "self_attn.k_norm.weight", "", block.k.outputs};
    return block;
  }
};

}  // namespace

std::unique_ptr<Family> make_olmo2(const FamilyInput& input) {
  constexpr double kDefaultEps = 1e-5;
  ModelConfig config = read_llama_config(input);
  config.norm_eps = input.config.number_or("rms_norm_eps", kDefaultEps, 0.0, 1.0);
  return std::make_unique<Olmo2Family>("olmo2", std::move(config), read_biases(input.config));
}

}  // namespace prunenet
