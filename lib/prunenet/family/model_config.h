#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace prunenet {

enum class Activation { kSilu, kGelu, kGeluTanh, kRelu };

/// Frequencies of rotary position embeddings beyond the plain theta (transformers `rope_scaling`).
struct RopeScaling {
  enum class Kind { kNone, kLinear, kLlama3 };
  Kind kind = Kind::kNone;
  double factor = 1.0;
  double low_freq_factor = 1.0;                       ///< llama3 only
  double high_freq_factor = 4.0;                      ///< llama3 only
  std::int64_t original_max_position_embeddings = 0;  ///< llama3 only
};

/// What the forward pass and the pruner need to know of a decoder-only transformer, read from config.json.
struct ModelConfig {
  std::string architecture;  ///< "LlamaForCausalLM"
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;        ///< d
  std::int64_t intermediate_size = 0;  ///< I
  std::int64_t num_hidden_layers = 0;
  std::int64_t num_attention_heads = 0;
  std::int64_t num_key_value_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t max_position_embeddings = 0;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000.0;
  RopeScaling rope_scaling;
  Activation activation = Activation::kSilu;
  bool attention_bias = false;
  bool mlp_bias = false;
  bool tie_word_embeddings = false;
  std::optional<std::int64_t> bos_token_id;
  std::vector<std::int64_t> eos_token_ids;
};

}  // namespace prunenet
