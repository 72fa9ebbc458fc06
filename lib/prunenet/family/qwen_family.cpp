#include "prunenet/family/decoder_config.h"
#include "prunenet/family/llama_family.h"

namespace prunenet {

namespace {

/// Qwen 3 normalises the queries and keys of each head (Yang et al. 2025).
class Qwen3Family final : public LlamaFamily {
 public:
  using LlamaFamily::LlamaFamily;

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    AttentionBlock block = LlamaFamily::attention_block(layer);
    const std::string prefix = layer_prefix(layer) + "self_attn.";
    block.q_norm = {prefix + "q_norm.weight", "", config().head_dim};
    block.k_norm = {prefix + "k_norm.weight", "", config().head_dim};
    return block;
  }
};

/// Layers from `max_window_layers` on slide, where `use_sliding_window` asks for it.
void read_qwen_windows(const ConfigFields& fields, ModelConfig& config) {
  constexpr std::int64_t kDefaultWindow = 4096;
  constexpr std::int64_t kDefaultFullLayers = 28;
  if (!fields.boolean_or("use_sliding_window", false)) return;
  const std::int64_t full_layers = fields.integer_or("max_window_layers", kDefaultFullLayers, 0, kMaxSize);
  read_windows(
      fields, fields.integer_or("sliding_window", kDefaultWindow, 1, kMaxSize),
      [full_layers](std::int64_t layer) { return layer >= full_layers; }, config);
}

}  // namespace

std::unique_ptr<Family> make_qwen2(const FamilyInput& input) {
  ModelConfig config = read_llama_config(input);
  read_qwen_windows(input.config, config);
  return std::make_unique<LlamaFamily>("qwen2", std::move(config), LlamaBiases{.qkv = true});
}

std::unique_ptr<Family> make_qwen3(const FamilyInput& input) {
  ModelConfig config = read_llama_config(input, {.default_head_dim = 128});
  read_qwen_windows(input.config, config);
  return std::make_unique<Qwen3Family>("qwen3", std::move(config), read_biases(input.config));
}

}  // namespace prunenet
