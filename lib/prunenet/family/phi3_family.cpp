#include "prunenet/family/decoder_config.h"
#include "prunenet/family/fused_qkv.h"
#include "prunenet/family/llama_family.h"

namespace prunenet {

namespace {

/// Phi-3 (Abdin et al. 2024): LLaMA with query, key and value projections in one tensor, gate and up in another.
class Phi3Family final : public LlamaFamily {
 public:
  using LlamaFamily::LlamaFamily;

  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override {
    FfnBlock block = LlamaFamily::ffn_block(layer);
    const std::string fused = layer_prefix(layer) + "mlp.gate_up_proj.weight";
    const std::int64_t neurons = config().intermediate_size;
    block.gate = whole_linear(fused, "", 2 * neurons, config().hidden_size);
    block.gate.outputs = neurons;
    block.up = block.gate;
    block.up.pattern.offset = neurons;
    return block;
  }

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    AttentionBlock block = LlamaFamily::attention_block(layer);
    const std::int64_t all = block.q.outputs + block.k.outputs + block.v.outputs;
    place_fused_qkv(whole_linear(layer_prefix(layer) + "self_attn.qkv_proj.weight", "", all, config().hidden_size),
                    config(), QkvOrder::kInTurn, block);
    return block;
  }
};

}  // namespace

std::unique_ptr<Family> make_phi3(const FamilyInput& input) {
  constexpr double kDefaultEps = 1e-5;
  ModelConfig config = read_llama_config(input);
  config.norm_eps = input.config.number_or("rms_norm_eps", kDefaultEps, 0.0, 1.0);
  read_windows(
      input.config, input.config.integer_or("sliding_window", 0, 1, kMaxSize), [](std::int64_t) { return true; },
      config);
  return std::make_unique<Phi3Family>("phi3", std::move(config));
}

}  // namespace prunenet
