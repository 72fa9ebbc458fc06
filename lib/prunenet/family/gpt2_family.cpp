#include <fmt/format.h>

#include "prunenet/family/adapters.h"
#include "prunenet/family/decoder_config.h"
#include "prunenet/family/fused_qkv.h"
#include "prunenet/family/layer_norm_places.h"

namespace prunenet {

namespace {

/// GPT-2 (Radford et al. 2019): learned positions; matrices are stored inputs x outputs (Conv1D).
class Gpt2Family final : public Family {
 public:
  /// prefix: "transformer.", or nothing in checkpoints that hold the model without its head.
  Gpt2Family(ModelConfig config, std::string prefix) : Family(std::move(config)), prefix_(std::move(prefix)) {}

  [[nodiscard]] std::string name() const override { return "gpt2"; }
  [[nodiscard]] std::string width_field() const override { return "n_inner"; }

  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override {
    const std::string prefix = layer_prefix(layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t neurons = config().intermediate_size;
    FfnBlock block;
    block.norm = layer_norm_place(prefix + "ln_2", d);
    block.up = transposed(prefix + "mlp.c_fc", neurons, d);
    block.down = transposed(prefix + "mlp.c_proj", d, neurons);
    return block;
  }

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    const std::string prefix = layer_prefix(layer);
    const std::int64_t d = config().hidden_size;
    AttentionBlock block;
    block.norm = layer_norm_place(prefix + "ln_1", d);
    place_fused_qkv(transposed(prefix + "attn.c_attn", 3 * d, d), config(), QkvOrder::kInTurn, block);
    block.o = transposed(prefix + "attn.c_proj", d, d);
    return block;
  }

  [[nodiscard]] std::string embedding() const override { return prefix_ + "wte.weight"; }
  [[nodiscard]] std::string position_embedding() const override { return prefix_ + "wpe.weight"; }
  [[nodiscard]] NormPlace final_norm() const override {
    return layer_norm_place(prefix_ + "ln_f", config().hidden_size);
  }
  [[nodiscard]] std::vector<std::string> unused_tensors() const override {
    return {prefix_ + "h.{}.attn.bias", prefix_ + "h.{}.attn.masked_bias"};  // causal masks
  }

 private:
  [[nodiscard]] std::string layer_prefix(std::int64_t layer) const { return fmt::format("{}h.{}.", prefix_, layer); }
  static LinearPlace transposed(const std::string& name, std::int64_t outputs, std::int64_t inputs) {
    LinearPlace place = linear_place(name, true, outputs, inputs);
    place.transposed = true;
    return place;
  }

  std::string prefix_;
};

}  // namespace

std::unique_ptr<Family> make_gpt2(const FamilyInput& input) {
  const ConfigFields& fields = input.config;
  ModelConfig config = read_sizes(fields, input.architecture,
                                  {.hidden_size = "n_embd",
                                   .intermediate_size = "n_inner",
                                   .layers = "n_layer",
                                   .heads = "n_head",
                                   .positions = "n_positions",
                                   .default_width_factor = 4});
  if (config.head_dim * config.num_attention_heads != config.hidden_size) {
    fields.reject("n_head", fmt::format("is {}, which does not divide n_embd {}", config.num_attention_heads,
                                        config.hidden_size));
  }
  config.norm = NormKind::kLayer;
  config.norm_eps = fields.number_or("layer_norm_epsilon", 1e-5, 0.0, 1.0);
  config.activation = read_activation(fields, "activation_function", "gelu_new");
  config.gated = false;
  config.tie_word_embeddings = fields.boolean_or("tie_word_embeddings", true);
  if (!fields.boolean_or("scale_attn_weights", true)) config.attention_scale = 1.0;
  if (fields.boolean_or("scale_attn_by_inverse_layer_idx", false)) {
    fields.refuse("scale_attn_by_inverse_layer_idx", "is true; attention scales that differ by layer are not computed");
  }
  if (fields.boolean_or("add_cross_attention", false)) {
    fields.refuse("add_cross_attention", "is true; only decoders without an encoder are computed");
  }
  return std::make_unique<Gpt2Family>(std::move(config),
                                      input.has_tensor("wte.weight") ? std::string() : "transformer.");
}

}  // namespace prunenet
