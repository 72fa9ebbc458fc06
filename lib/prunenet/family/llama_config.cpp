#include "prunenet/family/llama_config.h"

#include <fmt/format.h>

#include "prunenet/family/config_fields.h"

namespace prunenet {

namespace {

constexpr std::int64_t kMaxSize = std::int64_t{1} << 30U;
constexpr std::int64_t kMaxLayers = 10'000;
constexpr std::int64_t kMaxHeads = 65'536;
constexpr double kMaxTheta = 1e12;
constexpr double kMaxFactor = 1e6;

Activation read_activation(const ConfigFields& fields) {
  const std::string name = fields.text_or("hidden_act", "silu");
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new") return Activation::kGeluTanh;
  if (name == "relu") return Activation::kRelu;
  fields.refuse("hidden_act", fmt::format("is '{}'; known are silu, gelu, gelu_pytorch_tanh, gelu_new and relu", name));
}

void read_sizes(const ConfigFields& fields, ModelConfig& config) {
  config.vocab_size = fields.integer("vocab_size", 1, kMaxSize);
  config.hidden_size = fields.integer("hidden_size", 1, kMaxSize);
  config.intermediate_size = fields.integer("intermediate_size", 1, kMaxSize);
  config.num_hidden_layers = fields.integer("num_hidden_layers", 1, kMaxLayers);
  config.max_position_embeddings = fields.integer("max_position_embeddings", 1, kMaxSize);
  config.num_attention_heads = fields.integer("num_attention_heads", 1, kMaxHeads);
  config.num_key_value_heads =
      fields.integer_or("num_key_value_heads", config.num_attention_heads, 1, config.num_attention_heads);
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    fields.reject("num_key_value_heads", fmt::format("is {}, which does not divide the {} attention heads",
                                                     config.num_key_value_heads, config.num_attention_heads));
  }
  if (!fields.has("head_dim") && config.hidden_size % config.num_attention_heads != 0) {
    fields.reject("hidden_size", fmt::format("is {}, which {} attention heads do not divide, and head_dim is missing",
                                             config.hidden_size, config.num_attention_heads));
  }
  config.head_dim = fields.integer_or("head_dim", config.hidden_size / config.num_attention_heads, 2, kMaxSize);
  if (config.head_dim % 2 != 0) {
    fields.reject("head_dim", fmt::format("is {}; rotary embeddings need an even one", config.head_dim));
  }
}

RopeScaling read_rope_scaling(const ConfigFields& rope) {
  // "type" is the key of transformers before 4.45.
  const char* key = rope.has("rope_type") ? "rope_type" : "type";
  const std::string type = rope.text_or(key, "default");
  RopeScaling scaling;
  if (rope.number_or("partial_rotary_factor", 1.0, 0.0, 1.0) != 1.0) {
    rope.refuse("partial_rotary_factor", "is not 1; partly rotated heads are not computed");
  }
  if (type == "default") return scaling;
  if (type != "linear" && type != "llama3") {
    rope.refuse(key, fmt::format("is '{}'; known are default, linear and llama3", type));
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

void read_rope(const ConfigFields& fields, ModelConfig& config) {
  config.rope_theta = fields.number_or("rope_theta", config.rope_theta, 1.0, kMaxTheta);
  // rope_parameters is transformers 5's one place for both; an older rope_scaling holds the scaling only.
  if (const auto rope = fields.object("rope_parameters")) {
    config.rope_theta = rope->number_or("rope_theta", config.rope_theta, 1.0, kMaxTheta);
    config.rope_scaling = read_rope_scaling(*rope);
  } else if (const auto scaling = fields.object("rope_scaling")) {
    config.rope_scaling = read_rope_scaling(*scaling);
  }
}

void refuse_sliding_window(const ConfigFields& fields, LlamaVariant variant, const ModelConfig& config) {
  if (variant == LlamaVariant::kQwen2) {
    if (fields.boolean_or("use_sliding_window", false)) fields.refuse("use_sliding_window", "is true; not computed");
    return;
  }
  if (variant != LlamaVariant::kMistral) return;
  constexpr std::int64_t kMistralDefault = 4096;
  if (fields.mentions("sliding_window") && !fields.has("sliding_window")) return;  // null: none
  const std::int64_t window = fields.integer_or("sliding_window", kMistralDefault, 1, kMaxSize);
  if (window < config.max_position_embeddings) {
    fields.refuse("sliding_window", fmt::format("is {}, below max_position_embeddings {}; sliding windows are not "
                                                "computed: lower max_position_embeddings to {} or set it to null",
                                                window, config.max_position_embeddings, window));
  }
}

void read_special_tokens(const ConfigFields& fields, ModelConfig& config) {
  const auto bos = fields.integers("bos_token_id", 0, config.vocab_size - 1);
  if (!bos.empty()) config.bos_token_id = bos.front();
  config.eos_token_ids = fields.integers("eos_token_id", 0, config.vocab_size - 1);
}

}  // namespace

ModelConfig read_llama_config(const nlohmann::json& json, LlamaVariant variant, const std::string& architecture,
                              const std::string& file) {
  const ConfigFields fields(json, file);
  if (fields.has("quantization_config")) {
    fields.refuse("quantization_config", "is set; dequantise the checkpoint to F32, BF16 or F16 first");
  }
  ModelConfig config;
  config.architecture = architecture;
  read_sizes(fields, config);
  config.rms_norm_eps = fields.number_or("rms_norm_eps", config.rms_norm_eps, 0.0, 1.0);
  config.activation = read_activation(fields);
  config.tie_word_embeddings = fields.boolean_or("tie_word_embeddings", false);
  config.attention_bias = variant == LlamaVariant::kQwen2 ||
                          (variant == LlamaVariant::kLlama && fields.boolean_or("attention_bias", false));
  config.mlp_bias = variant == LlamaVariant::kLlama && fields.boolean_or("mlp_bias", false);
  read_rope(fields, config);
  refuse_sliding_window(fields, variant, config);
  read_special_tokens(fields, config);
  return config;
}

}  // namespace prunenet
