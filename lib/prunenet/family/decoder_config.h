#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "prunenet/family/config_fields.h"
#include "prunenet/family/model_config.h"

namespace prunenet {

/// Largest plausible size of anything: keeps products of two within 64 bits.
inline constexpr std::int64_t kMaxSize = std::int64_t{1} << 30U;

/// Keys under which architectures keep what all have; where they differ from LLaMA's.
struct SizeKeys {
  const char* hidden_size = "hidden_size";              ///< d
  const char* intermediate_size = "intermediate_size";  ///< I
  const char* layers = "num_hidden_layers";             ///< how many
  const char* heads = "num_attention_heads";            ///< of the queries
  const char* key_value_heads = "num_key_value_heads";  ///< where fewer than those of the queries
  const char* positions = "max_position_embeddings";    ///< most tokens of a sequence
  /// Where the intermediate size is missing: this many times the hidden size; 0: it may not be missing.
  std::int64_t default_width_factor = 0;
  /// Where head_dim is missing: this; 0: hidden size / heads.
  std::int64_t default_head_dim = 0;
};

/// A config with sizes, vocabulary and special tokens. Throws Error(kBadInput) for a missing key or a value outside its
/// range, heads that do not divide what they must, and Error(kUnsupported) for quantised weights.
[[nodiscard]] ModelConfig read_sizes(const ConfigFields& fields, const std::string& architecture,
                                     const SizeKeys& keys = {});

/// Throws Error(kUnsupported) naming the activations that are known.
[[nodiscard]] Activation read_activation(const ConfigFields& fields, const char* key, const char* otherwise);

/// theta, scaling and rotated share, from `rope_parameters` (transformers 5), or `rope_theta`, `rope_scaling` and
/// `partial_rotary_factor`. `theta` and `factor` are what the architecture has where the config is silent.
/// Throws Error(kUnsupported) for a scaling that is not known.
void read_rope(const ConfigFields& fields, ModelConfig& config, double theta = 10000.0, double factor = 1.0);

/// theta, scaling and rotated share from one object that has all of them.
void read_rope_parameters(const ConfigFields& rope, ModelConfig& config, double theta, double factor = 1.0);

/// Windows in those layers that `layer_types` names, where the config has it, else in those for which `slides` holds;
/// none where `window` is 0. Throws Error(kBadInput) where layer_types has another length,
/// Error(kUnsupported) for types of layers other than full and sliding attention.
void read_windows(const ConfigFields& fields, std::int64_t window, const std::function<bool(std::int64_t)>& slides,
                  ModelConfig& config);

}  // namespace prunenet
