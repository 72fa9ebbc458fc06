#include "prunenet/family/decoder_config.h"
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
    block.gate = part_of(fused, 0, neurons, 2 * neurons);
    block.up = part_of(fused, neurons, neurons, 2 * neurons);
    return block;
  }

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    AttentionBlock block = LlamaFamily::attention_block(layer);
    const std::string fused = layer_prefix(layer) + "self_attn.qkv_proj.weight";
    const std::int64_t queries = block.q.outputs;
    const std::int64_t keys = block.k.outputs;
    const std::int64_t all = queries + 2 * keys;
    block.q = part_of(fused, 0, queries, all);
    block.k = part_of(fused, queries, keys, all);
    block.v = part_of(fused, queries + keys, keys, all);
    return block;
  }

 private:
  /// `count` outputs of `all`, one behind the other.
  [[nodiscard]] LinearPlace part_of(const std::string& tensor, std::int64_t offset, std::int64_t count,
                                    std::int64_t all) const {
    return {tensor, "", count, config().hidden_size, all, {.offset = offset}, false};
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
