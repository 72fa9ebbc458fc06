#include <fmt/format.h>

#include "prunenet/family/adapters.h"
#include "prunenet/family/decoder_config.h"
#include "prunenet/family/fused_qkv.h"
#include "prunenet/family/layer_norm_places.h"

namespace prunenet {

namespace {

/// What tells Falcon checkpoints apart besides their sizes.
struct FalconLayout {
  bool bias = false;
  bool own_ffn_norm = false;  ///< ln_attn and ln_mlp, in parallel
  QkvOrder qkv = QkvOrder::kInTurn;
};

/// Falcon (Almazrouei et al. 2023), RefinedWeb: attention and FFN side by side, one key-value head (7B) or groups (new
/// decoder architecture).
class FalconFamily final : public Family {
 public:
  FalconFamily(ModelConfig config, FalconLayout layout) : Family(std::move(config)), layout_(layout) {}

  [[nodiscard]] std::string name() const override { return "falcon"; }
  [[nodiscard]] std::string width_field() const override { return "ffn_hidden_size"; }

  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override {
    const std::string prefix = layer_prefix(layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t neurons = config().intermediate_size;
    FfnBlock block;
    block.norm = layer_norm_place(prefix + ffn_norm_name(), d);
    block.up = linear_place(prefix + "mlp.dense_h_to_4h", layout_.bias, neurons, d);
    block.down = linear_place(prefix + "mlp.dense_4h_to_h", layout_.bias, d, neurons);
    return block;
  }

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    const std::string prefix = layer_prefix(layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t queries = config().num_attention_heads * config().head_dim;
    const std::int64_t keys = config().num_key_value_heads * config().head_dim;
    AttentionBlock block;
    block.norm = layer_norm_place(prefix + (layout_.own_ffn_norm ? "ln_attn" : "input_layernorm"), d);
    place_fused_qkv(linear_place(prefix + "self_attention.query_key_value", layout_.bias, queries + 2 * keys, d),
                    config(), layout_.qkv, block);
    block.o = linear_place(prefix + "self_attention.dense", layout_.bias, d, queries);
    return block;
  }

  [[nodiscard]] std::string embedding() const override { return "transformer.word_embeddings.weight"; }
  [[nodiscard]] NormPlace final_norm() const override {
    return layer_norm_place("transformer.ln_f", config().hidden_size);
  }
  [[nodiscard]] std::vector<std::string> unused_tensors() const override {
    return {"transformer.h.{}.self_attention.rotary_emb.inv_freq"};
  }

 private:
  static std::string layer_prefix(std::int64_t layer) { return fmt::format("transformer.h.{}.", layer); }
  [[nodiscard]] const char* ffn_norm_name() const {
    if (layout_.own_ffn_norm) return "ln_mlp";
    return config().parallel_blocks ? "input_layernorm" : "post_attention_layernorm";
  }

  FalconLayout layout_;
};

}  // namespace

std::unique_ptr<Family> make_falcon(const FamilyInput& input) {
  const ConfigFields& fields = input.config;
  const bool new_decoder = fields.boolean_or("new_decoder_architecture", false);
  // Only the new decoder reads num_kv_heads; before it there is one head for all, or one for each.
  const bool multi_query = fields.boolean_or("multi_query", true);
  ModelConfig config = read_sizes(
      fields, input.architecture,
      {.intermediate_size = "ffn_hidden_size", .key_value_heads = "num_kv_heads", .default_width_factor = 4});
  if (!new_decoder) config.num_key_value_heads = multi_query ? 1 : config.num_attention_heads;
  if (fields.boolean_or("alibi", false))
    fields.refuse("alibi", "is true; attention with linear biases is not computed");
  config.norm = NormKind::kLayer;
  config.norm_eps = fields.number_or("layer_norm_epsilon", 1e-5, 0.0, 1.0);
  config.activation = read_activation(fields, "activation", "gelu");
  config.gated = false;
  // The new decoder adds both blocks at once whatever parallel_attn says.
  config.parallel_blocks = new_decoder || fields.boolean_or("parallel_attn", true);
  config.tie_word_embeddings = fields.boolean_or("tie_word_embeddings", true);
  read_rope(fields, config);
  FalconLayout layout;
  layout.bias = fields.boolean_or("bias", false);
  layout.own_ffn_norm = new_decoder && fields.integer_or("num_ln_in_parallel_attn", 2, 1, 2) == 2;
  layout.qkv = new_decoder || !multi_query ? QkvOrder::kByGroup : QkvOrder::kInTurn;
  return std::make_unique<FalconFamily>(std::move(config), layout);
}

}  // namespace prunenet
