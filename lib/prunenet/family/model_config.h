#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace prunenet {

enum class Activation { kSilu, kGelu, kGeluTanh, kRelu };

enum class NormKind {
  kRms,    ///< x / rms(x) * gain
  kLayer,  ///< (x - mean(x)) / sd(x) * gain + bias
};

/// Frequencies of rotary position embeddings beyond the plain theta (transformers `rope_scaling`).
struct RopeScaling {
  /// How frequencies are changed.
  enum class Kind { kNone, kLinear, kLlama3 };
  Kind kind = Kind::kNone;                            ///< `rope_type` of config.json
  double factor = 1.0;                                ///< how many times longer sequences become
  double low_freq_factor = 1.0;                       ///< llama3 only
  double high_freq_factor = 4.0;                      ///< llama3 only
  std::int64_t original_max_position_embeddings = 0;  ///< llama3 only
};

/// What the forward pass and the pruner need to know of a decoder-only transformer, read from config.json. The defaults
/// are LLaMA's; every other architecture is a departure from them.
struct ModelConfig {
  std::string architecture;                  ///< "LlamaForCausalLM"
  std::int64_t vocab_size = 0;               ///< rows of the embedding
  std::int64_t hidden_size = 0;              ///< d
  std::int64_t intermediate_size = 0;        ///< I; the widest layer's where they differ
  std::vector<std::int64_t> layer_widths;    ///< neurons of each layer where they differ; empty: I in all
  std::int64_t num_hidden_layers = 0;        ///< blocks of attention and FFN
  std::int64_t num_attention_heads = 0;      ///< of the queries
  std::int64_t num_key_value_heads = 0;      ///< at most as many; each serves as many query heads
  std::int64_t head_dim = 0;                 ///< numbers of a head's query, key and value
  std::int64_t max_position_embeddings = 0;  ///< most tokens of a sequence
  bool tie_word_embeddings = false;          ///< whether the output projection is the embedding
  std::optional<std::int64_t> bos_token_id;  ///< sequences start with it; none: the config names none
  std::vector<std::int64_t> eos_token_ids;   ///< any of them ends a sequence

  NormKind norm = NormKind::kRms;  ///< of all norms
  double norm_eps = 1e-6;          ///< added to the mean square, or the variance
  double norm_gain_offset = 0.0;   ///< added to stored gains (Gemma: 1)

  Activation activation = Activation::kSilu;  ///< of the FFN
  bool gated = true;                          ///< h = act(G x) * (U x); else h = act(U x + b)

  /// Attention and FFN read the same stream, and both are added to it; else the FFN reads what attention has written.
  bool parallel_blocks = false;
  /// Norms behind a block act on the stream that it was added to (OPT-350m); else on what the block writes, before it
  /// is added (Gemma 2, OLMo 2).
  bool post_norm_on_stream = false;
  double residual_multiplier = 1.0;  ///< of what blocks write

  std::int64_t rotary_dim = 0;       ///< leading elements of a head that are rotated; 0: no rotary embeddings
  double rope_theta = 10000.0;       ///< base of the frequencies
  RopeScaling rope_scaling;          ///< for sequences longer than those trained on
  std::int64_t position_offset = 0;  ///< of a learned position embedding: row of position 0

  double attention_scale = 0.0;    ///< of query-key products; 0: 1 / sqrt(head_dim)
  double attention_softcap = 0.0;  ///< c of s -> c tanh(s / c); 0: none
  /// Keys that a query sees, itself among them, a layer each; 0: all. Empty: all in every layer.
  std::vector<std::int64_t> windows;
  double window_rope_theta = 0.0;  ///< unscaled theta of the layers with windows; 0: as the others

  double embedding_multiplier = 1.0;  ///< of embedding rows
  double logit_divisor = 1.0;         ///< of the output projection's results
  double logit_softcap = 0.0;         ///< as attention_softcap
};

/// Neurons of this layer's feed-forward block.
[[nodiscard]] inline std::int64_t width_of(const ModelConfig& config, std::int64_t layer) {
  return config.layer_widths.empty() ? config.intermediate_size
                                     : config.layer_widths.at(static_cast<std::size_t>(layer));
}

/// Throws Error(kUnsupported) where layers differ in width: such a model has been pruned, and can be run.
void require_one_width(const ModelConfig& config);

/// Keys that a query of this layer sees; 0: all.
[[nodiscard]] inline std::int64_t window_of(const ModelConfig& config, std::int64_t layer) {
  return config.windows.empty() ? 0 : config.windows.at(static_cast<std::size_t>(layer));
}

}  // namespace prunenet
