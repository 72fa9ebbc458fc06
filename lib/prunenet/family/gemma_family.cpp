#include <cmath>

#include "prunenet/family/decoder_config.h"
#include "prunenet/family/llama_family.h"

namespace prunenet {

namespace {

constexpr SizeKeys kSizes{.default_head_dim = 256};
constexpr double kLargestCap = 1e6;

/// Gemma 2 and 3 (Riviere et al. 2024, Kamath et al. 2025): norms before and behind each block; Gemma 3 has norms of
/// queries and keys in place of soft caps.
class GemmaFamily final : public LlamaFamily {
 public:
  GemmaFamily(std::string name, ModelConfig config, LlamaBiases biases, bool head_norms)
      : LlamaFamily(std::move(name), std::move(config), biases), head_norms_(head_norms) {}

  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override {
    FfnBlock block = LlamaFamily::ffn_block(layer);
    block.norm = norm_place(layer_prefix(layer) + "pre_feedforward_layernorm");
    block.post_norm = norm_place(layer_prefix(layer) + "post_feedforward_layernorm");
    return block;
  }

  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    AttentionBlock block = LlamaFamily::attention_block(layer);
    block.post_norm = norm_place(layer_prefix(layer) + "post_attention_layernorm");
    if (head_norms_) {
      block.q_norm = {layer_prefix(layer) + "self_attn.q_norm.weight", "", config().head_dim};
      block.k_norm = {layer_prefix(layer) + "self_attn.k_norm.weight", "", config().head_dim};
    }
    return block;
  }

 private:
  bool head_norms_;
};

/// What all three generations share. `activation`: the key of its name.
ModelConfig read_gemma_config(const FamilyInput& input, const char* activation) {
  const ConfigFields& fields = input.config;
  ModelConfig config = read_sizes(fields, input.architecture, kSizes);
  config.norm_eps = fields.number_or("rms_norm_eps", config.norm_eps, 0.0, 1.0);
  config.norm_gain_offset = 1.0;
  config.activation = read_activation(fields, activation, "gelu_pytorch_tanh");
  config.tie_word_embeddings = fields.boolean_or("tie_word_embeddings", true);
  config.embedding_multiplier = static_cast<double>(std::sqrt(static_cast<float>(config.hidden_size)));
  if (fields.boolean_or("use_bidirectional_attention", false)) {
    fields.refuse("use_bidirectional_attention", "is true; only causal attention is computed");
  }
  return config;
}

void read_gemma2_attention(const ConfigFields& fields, double default_attention_cap, double default_logit_cap,
                           ModelConfig& config) {
  config.attention_scale = 1.0 / std::sqrt(fields.number_or("query_pre_attn_scalar", 256.0, 1e-6, kLargestCap));
  // A null switches a cap off, and a missing key leaves it at the default.
  const auto cap = [&fields](const char* key, double otherwise) {
    return fields.mentions(key) && !fields.has(key) ? 0.0 : fields.number_or(key, otherwise, 0.0, kLargestCap);
  };
  config.attention_softcap = cap("attn_logit_softcapping", default_attention_cap);
  config.logit_softcap = cap("final_logit_softcapping", default_logit_cap);
}

}  // namespace

std::unique_ptr<Family> make_gemma(const FamilyInput& input) {
  ModelConfig config = read_gemma_config(input, "hidden_act");
  // Official checkpoints say "gelu" and mean the tanh form, which transformers takes it for.
  if (config.activation == Activation::kGelu) config.activation = Activation::kGeluTanh;
  read_rope(input.config, config);
  return std::make_unique<LlamaFamily>("gemma", std::move(config), read_biases(input.config));
}

std::unique_ptr<Family> make_gemma2(const FamilyInput& input) {
  const ConfigFields& fields = input.config;
  ModelConfig config = read_gemma_config(input, "hidden_activation");
  read_rope(fields, config);
  read_gemma2_attention(fields, 50.0, 30.0, config);
  read_windows(
      fields, fields.integer_or("sliding_window", 4096, 1, kMaxSize), [](std::int64_t layer) { return layer % 2 == 0; },
      config);
  return std::make_unique<GemmaFamily>("gemma2", std::move(config), read_biases(fields), false);
}

std::unique_ptr<Family> make_gemma3(const FamilyInput& input) {
  constexpr double kGlobalTheta = 1e6;
  constexpr double kLocalTheta = 1e4;
  const ConfigFields& fields = input.config;
  ModelConfig config = read_gemma_config(input, "hidden_activation");
  read_gemma2_attention(fields, 0.0, 0.0, config);
  config.window_rope_theta = fields.number_or("rope_local_base_freq", kLocalTheta, 1.0, 1e12);
  const auto parameters = fields.object("rope_parameters");
  if (parameters && parameters->has("full_attention")) {
    read_rope_parameters(*parameters->object("full_attention"), config, kGlobalTheta);
    if (const auto local = parameters->object("sliding_attention")) {
      config.window_rope_theta = local->number_or("rope_theta", kLocalTheta, 1.0, 1e12);
      if (local->text_or("rope_type", "default") != "default") {
        local->refuse("rope_type", "is not default; scaled rotary embeddings of sliding layers are not computed");
      }
    }
  } else {
    read_rope(fields, config, kGlobalTheta);
  }
  const std::int64_t pattern = fields.integer_or("sliding_window_pattern", 6, 1, kMaxSize);
  read_windows(
      fields, fields.integer_or("sliding_window", 4096, 1, kMaxSize),
      [pattern](std::int64_t layer) { return (layer + 1) % pattern != 0; }, config);
  return std::make_unique<GemmaFamily>("gemma3", std::move(config), read_biases(fields), true);
}

}  // namespace prunenet
