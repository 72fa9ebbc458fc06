#include "prunenet/family/gguf_hyperparameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace prunenet {

namespace {

/// Sets keys of one architecture.
class Keys {
 public:
  Keys(const GgufArchitecture& architecture, GgufPairs& pairs) : prefix_(architecture.name), pairs_(pairs) {}

  void size(const char* key, std::int64_t value) const { pairs_.set(full(key), static_cast<std::uint32_t>(value)); }
  void number(const char* key, double value) const { pairs_.set(full(key), static_cast<float>(value)); }
  void flag(const char* key, bool value) const { pairs_.set(full(key), value); }
  void text(const char* key, const char* value) const { pairs_.set(full(key), value); }
  void flags(const char* key, const std::vector<bool>& values) const { pairs_.set(full(key), values); }

 private:
  [[nodiscard]] std::string full(const char* key) const { return fmt::format("{}.{}", prefix_, key); }

  std::string prefix_;
  GgufPairs& pairs_;
};

std::int64_t largest_window(const ModelConfig& config) {
  return config.windows.empty() ? 0 : std::ranges::max(config.windows);
}

void set_rotary(const ModelConfig& config, const GgufArchitecture& architecture, const Keys& keys) {
  if (config.rotary_dim == 0) return;
  keys.size("rope.dimension_count", config.rotary_dim);
  keys.number("rope.freq_base", config.rope_theta);
  if (config.rope_scaling.kind == RopeScaling::Kind::kLinear) {
    keys.text("rope.scaling.type", "linear");
    keys.number("rope.scaling.factor", config.rope_scaling.factor);
  }
  if (config.rope_scaling.kind == RopeScaling::Kind::kLlama3) {
    keys.size("rope.scaling.original_context_length", config.rope_scaling.original_max_position_embeddings);
    if (config.rope_scaling.low_freq_factor != 1.0) {
      keys.number(kGgufLowFreqFactor, config.rope_scaling.low_freq_factor);
    }
    if (config.rope_scaling.high_freq_factor != 4.0) {
      keys.number(kGgufHighFreqFactor, config.rope_scaling.high_freq_factor);
    }
  }
  if (architecture.windows && config.window_rope_theta > 0.0) {
    keys.number("rope.freq_base_swa", config.window_rope_theta);
  }
}

void set_windows(const ModelConfig& config, const Keys& keys) {
  const std::int64_t window = largest_window(config);
  if (window == 0) return;
  keys.size("attention.sliding_window", window);
  std::vector<bool> sliding;
  for (const std::int64_t own : config.windows) sliding.push_back(own > 0);
  keys.flags("attention.sliding_window_pattern", sliding);
}

void set_multipliers(const ModelConfig& config, const Keys& keys) {
  keys.number("attention.scale", config.attention_scale);
  keys.number("embedding_scale", config.embedding_multiplier);
  keys.number("residual_scale", config.residual_multiplier);
  keys.number("logit_scale", config.logit_divisor);
}

}  // namespace

void set_gguf_widths(const ModelConfig& config, const std::vector<std::int64_t>& widths, GgufPairs& pairs) {
  const auto for_each_layer = [&widths](std::int64_t value) {
    return std::vector<std::uint32_t>(widths.size(), static_cast<std::uint32_t>(value));
  };
  const std::string prefix(kGgufDeci);
  pairs.set(prefix + ".feed_forward_length", std::vector<std::uint32_t>(widths.begin(), widths.end()));
  pairs.set(prefix + ".attention.head_count", for_each_layer(config.num_attention_heads));
  pairs.set(prefix + ".attention.head_count_kv", for_each_layer(config.num_key_value_heads));
}

void set_gguf_hyperparameters(const Family& family, const GgufArchitecture& architecture, GgufPairs& pairs) {
  const ModelConfig& config = family.config();
  const Keys keys(architecture, pairs);
  keys.size("vocab_size", config.vocab_size);
  keys.size("context_length", config.max_position_embeddings);
  keys.size("embedding_length", config.hidden_size);
  keys.size("block_count", config.num_hidden_layers);
  keys.size("feed_forward_length", config.intermediate_size);
  keys.size("attention.head_count", config.num_attention_heads);
  keys.size("attention.head_count_kv", config.num_key_value_heads);
  if (!config.layer_widths.empty()) set_gguf_widths(config, config.layer_widths, pairs);
  keys.size("attention.key_length", config.head_dim);
  keys.size("attention.value_length", config.head_dim);
  keys.number(config.norm == NormKind::kRms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
              config.norm_eps);
  set_rotary(config, architecture, keys);
  if (architecture.windows) set_windows(config, keys);
  if (config.attention_softcap > 0.0) keys.number("attn_logit_softcapping", config.attention_softcap);
  if (config.logit_softcap > 0.0) keys.number("final_logit_softcapping", config.logit_softcap);
  if (architecture.granite_multipliers) set_multipliers(config, keys);
  if (architecture.name == "falcon") keys.text("tensor_data_layout", "jploski");  // queries, keys, values in turn
  if (architecture.name == "gptneox") keys.flag("use_parallel_residual", config.parallel_blocks);
}

std::vector<std::string> lost_in_gguf(const Family& family, const GgufArchitecture& architecture) {
  const ModelConfig& config = family.config();
  const std::int64_t window = largest_window(config);
  if (architecture.windows || window == 0 || window >= config.max_position_embeddings) return {};
  return {
      fmt::format("llama.cpp's architecture '{}' has no sliding windows: beyond {} tokens of context the file "
                  "answers as a model without them",
                  architecture.name, window)};
}

}  // namespace prunenet
