#include <fmt/format.h>

#include "prunenet/family/adapters.h"
#include "prunenet/family/decoder_config.h"
#include "prunenet/family/layer_norm_places.h"

namespace prunenet {

namespace {

/// What tells OPT checkpoints apart besides their sizes.
struct OptLayout {
  bool bias = true;
  bool norm_before = true;  ///< OPT-350m normalises behind its blocks
  bool final_norm = true;
  std::int64_t word_size = 0;  ///< e; OPT-350m embeds words in fewer dimensions than d
};

/// OPT (Zhang et al. 2022): learned positions, ReLU, fc1 and fc2.
class OptFamily final : public Family {
 public:
  OptFamily(ModelConfig config, OptLayout layout) : Family(std::move(config)), layout_(layout) {}

  [[nodiscard]] std::string name() const override { return "opt"; }
  [[nodiscard]] std::string width_field() const override { return "ffn_dim"; }

  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override {
    const std::string prefix = layer_prefix(layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t neurons = config().intermediate_size;
    FfnBlock block;
    (layout_.norm_before ? block.norm : block.post_norm) = layer_norm_place(prefix + "final_layer_norm", d);
    block.up = linear_place(prefix + "fc1", layout_.bias, neurons, d);
    block.down = linear_place(prefix + "fc2", layout_.bias, d, neurons);
    return block;
  }

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    const std::string prefix = layer_prefix(layer) + "self_attn";
    const std::int64_t d = config().hidden_size;
    AttentionBlock block;
    (layout_.norm_before ? block.norm : block.post_norm) = layer_norm_place(prefix + "_layer_norm", d);
    block.q = linear_place(prefix + ".q_proj", layout_.bias, d, d);
    block.k = linear_place(prefix + ".k_proj", layout_.bias, d, d);
    block.v = linear_place(prefix + ".v_proj", layout_.bias, d, d);
    block.o = linear_place(prefix + ".out_proj", layout_.bias, d, d);
    return block;
  }

  [[nodiscard]] std::string embedding() const override { return "model.decoder.embed_tokens.weight"; }
  [[nodiscard]] LinearPlace embedding_projection() const override {
    if (layout_.word_size == config().hidden_size) return {};
    return linear_place("model.decoder.project_in", false, config().hidden_size, layout_.word_size);
  }
  [[nodiscard]] std::string position_embedding() const override { return "model.decoder.embed_positions.weight"; }
  [[nodiscard]] NormPlace final_norm() const override {
    if (!layout_.final_norm) return {};
    return layer_norm_place("model.decoder.final_layer_norm", config().hidden_size);
  }
  [[nodiscard]] LinearPlace output_reduction() const override {
    if (layout_.word_size == config().hidden_size) return {};
    return linear_place("model.decoder.project_out", false, layout_.word_size, config().hidden_size);
  }

 private:
  static std::string layer_prefix(std::int64_t layer) { return fmt::format("model.decoder.layers.{}.", layer); }

  OptLayout layout_;
};

}  // namespace

std::unique_ptr<Family> make_opt(const FamilyInput& input) {
  constexpr std::int64_t kPositionOffset = 2;
  const ConfigFields& fields = input.config;
  ModelConfig config = read_sizes(fields, input.architecture, {.intermediate_size = "ffn_dim"});
  config.norm = NormKind::kLayer;
  config.norm_eps = 1e-5;  // not a key: the default of the framework's layer norm
  config.activation = read_activation(fields, "activation_function", "relu");
  config.gated = false;
  config.position_offset = kPositionOffset;
  config.tie_word_embeddings = fields.boolean_or("tie_word_embeddings", true);
  OptLayout layout;
  layout.bias = fields.boolean_or("enable_bias", true);
  layout.norm_before = fields.boolean_or("do_layer_norm_before", true);
  layout.final_norm = layout.norm_before && !fields.boolean_or("_remove_final_layer_norm", false);
  layout.word_size = fields.integer_or("word_embed_proj_dim", config.hidden_size, 1, kMaxSize);
  config.post_norm_on_stream = !layout.norm_before;
  if (!fields.boolean_or("layer_norm_elementwise_affine", true)) {
    fields.refuse("layer_norm_elementwise_affine", "is false; layer norms without gains are not computed");
  }
  return std::make_unique<OptFamily>(std::move(config), layout);
}

}  // namespace prunenet
