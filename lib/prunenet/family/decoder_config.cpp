#include "prunenet/family/decoder_config.h"

#include <fmt/format.h>

#include <cmath>

#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

constexpr std::int64_t kMaxLayers = 10'000;
constexpr std::int64_t kMaxHeads = 65'536;
constexpr double kMaxTheta = 1e12;
constexpr double kMaxFactor = 1e6;

void read_heads(const ConfigFields& fields, const SizeKeys& keys, ModelConfig& config) {
  config.num_attention_heads = fields.integer(keys.heads, 1, kMaxHeads);
  config.num_key_value_heads =
      fields.integer_or(keys.key_value_heads, config.num_attention_heads, 1, config.num_attention_heads);
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    fields.reject(keys.key_value_heads, fmt::format("is {}, which does not divide the {} attention heads",
                                                    config.num_key_value_heads, config.num_attention_heads));
  }
  const bool known = fields.has("head_dim") || keys.default_head_dim > 0;
  if (!known && config.hidden_size % config.num_attention_heads != 0) {
    fields.reject(keys.hidden_size,
                  fmt::format("is {}, which {} attention heads do not divide, and head_dim is missing",
                              config.hidden_size, config.num_attention_heads));
  }
  const std::int64_t otherwise =
      keys.default_head_dim > 0 ? keys.default_head_dim : config.hidden_size / config.num_attention_heads;
  config.head_dim = fields.integer_or("head_dim", otherwise, 1, kMaxSize);
}

void read_special_tokens(const ConfigFields& fields, ModelConfig& config) {
  const auto bos = fields.integers("bos_token_id", 0, config.vocab_size - 1);
  if (!bos.empty()) config.bos_token_id = bos.front();
  config.eos_token_ids = fields.integers("eos_token_id", 0, config.vocab_size - 1);
}

RopeScaling read_scaling(const ConfigFields& rope) {
  // "type" is the key of transformers before 4.45.
  const char* key = rope.has("rope_type") ? "rope_type" : "type";
  const std::string type = rope.text_or(key, "default");
  RopeScaling scaling;
  if (type == "default") return scaling;
  if (type != "linear" && type != "llama3") {
    rope.refuse(key, fmt::format("is '{}'; known are default, linear and llama3", printable(type)));
  }
  scaling.factor = rope.number("factor", 1.0, kMaxFactor);
  if (type == "linear") {
    scaling.kind = RopeScaling::Kind::kLinear;
    return scaling;
  }
  scaling.kind = RopeScaling::Kind::kLlama3;
  scaling.low_freq_factor = rope.number("low_freq_factor", 1e-6, kMaxFactor);
  scaling.high_freq_factor = rope.number("high_freq_factor", 1e-6, kMaxFactor);
  if (scaling.high_freq_factor <= scaling.low_freq_factor) {
    rope.reject("high_freq_factor", fmt::format("is {}, which is not above low_freq_factor {}",
                                                scaling.high_freq_factor, scaling.low_freq_factor));
  }
  scaling.original_max_position_embeddings = rope.integer("original_max_position_embeddings", 1, kMaxSize);
  return scaling;
}

/// transformers rounds the rotated share of a head down.
void set_rotary_dim(const ConfigFields& fields, double factor, ModelConfig& config) {
  config.rotary_dim = static_cast<std::int64_t>(std::floor(static_cast<double>(config.head_dim) * factor));
  if (config.rotary_dim >= 2 && config.rotary_dim % 2 == 0) return;
  fields.reject("head_dim", fmt::format("is {}, of which {} are rotated; rotary embeddings need an even number of at "
                                        "least 2",
                                        config.head_dim, config.rotary_dim));
}

}  // namespace

ModelConfig read_sizes(const ConfigFields& fields, const std::string& architecture, const SizeKeys& keys) {
  if (const auto quantisation = fields.object("quantization_config")) {
    fields.refuse("quantization_config",
                  fmt::format("names '{}'; dequantise the checkpoint to F32, BF16 or F16 first",
                              printable(quantisation->text_or("quant_method", "an unnamed method"))));
  }
  ModelConfig config;
  config.architecture = architecture;
  config.vocab_size = fields.integer("vocab_size", 1, kMaxSize);
  config.hidden_size = fields.integer(keys.hidden_size, 1, kMaxSize);
  config.intermediate_size =
      keys.default_width_factor == 0
          ? fields.integer(keys.intermediate_size, 1, kMaxSize)
          : fields.integer_or(keys.intermediate_size, keys.default_width_factor * config.hidden_size, 1, kMaxSize);
  config.num_hidden_layers = fields.integer(keys.layers, 1, kMaxLayers);
  config.max_position_embeddings = fields.integer(keys.positions, 1, kMaxSize);
  read_heads(fields, keys, config);
  read_special_tokens(fields, config);
  return config;
}

Activation read_activation(const ConfigFields& fields, const char* key, const char* otherwise) {
  const std::string name = fields.text_or(key, otherwise);
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new") return Activation::kGeluTanh;
  if (name == "relu") return Activation::kRelu;
  fields.refuse(key,
                fmt::format("is '{}'; known are silu, gelu, gelu_pytorch_tanh, gelu_new and relu", printable(name)));
}

void read_rope_parameters(const ConfigFields& rope, ModelConfig& config, double theta, double factor) {
  config.rope_theta = rope.number_or("rope_theta", theta, 1.0, kMaxTheta);
  config.rope_scaling = read_scaling(rope);
  set_rotary_dim(rope, rope.number_or("partial_rotary_factor", factor, 0.0, 1.0), config);
}

void read_windows(const ConfigFields& fields, std::int64_t window, const std::function<bool(std::int64_t)>& slides,
                  ModelConfig& config) {
  constexpr const char* kTypes = "layer_types";
  const std::vector<std::string> types = fields.texts(kTypes);
  if (!types.empty() && static_cast<std::int64_t>(types.size()) != config.num_hidden_layers) {
    fields.reject(kTypes, fmt::format("has {} entries for {} layers", types.size(), config.num_hidden_layers));
  }
  for (const std::string& type : types) {
    if (type == "full_attention" || type == "sliding_attention") continue;
    fields.refuse(kTypes, fmt::format("names '{}'; known are full_attention and sliding_attention", printable(type)));
  }
  if (window <= 0) return;
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const bool sliding = types.empty() ? slides(layer) : types[static_cast<std::size_t>(layer)] == "sliding_attention";
    config.windows.push_back(sliding ? window : 0);
  }
}

void read_rope(const ConfigFields& fields, ModelConfig& config, double theta, double factor) {
  config.rope_theta = fields.number_or("rope_theta", theta, 1.0, kMaxTheta);
  factor = fields.number_or("partial_rotary_factor", factor, 0.0, 1.0);
  // rope_parameters is transformers 5's one place for all; an older rope_scaling holds the scaling only.
  if (const auto rope = fields.object("rope_parameters")) {
    read_rope_parameters(*rope, config, config.rope_theta, factor);
    return;
  }
  if (const auto scaling = fields.object("rope_scaling")) config.rope_scaling = read_scaling(*scaling);
  set_rotary_dim(fields, factor, config);
}

}  // namespace prunenet
