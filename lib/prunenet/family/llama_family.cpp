#include "prunenet/family/llama_family.h"

#include <fmt/format.h>

#include <algorithm>

#include "prunenet/family/decoder_config.h"

namespace prunenet {

std::string LlamaFamily::layer_prefix(std::int64_t layer) {
  return fmt::format("model.layers.{}.", layer);
}

FfnBlock LlamaFamily::ffn_block(std::int64_t layer) const {
  const std::string prefix = layer_prefix(layer);
  const std::int64_t d = config().hidden_size;
  const std::int64_t neurons = width_of(config(), layer);
  const auto place = [&](const char* name, std::int64_t outputs, std::int64_t inputs) {
    const std::string tensor = prefix + "mlp." + name;
    return whole_linear(tensor + ".weight", biases_.ffn ? tensor + ".bias" : "", outputs, inputs);
  };
  return {.norm = norm_place(prefix + "post_attention_layernorm"),
          .gate = place("gate_proj", neurons, d),
          .up = place("up_proj", neurons, d),
          .down = place("down_proj", d, neurons),
          .post_norm = {}};
}

AttentionBlock LlamaFamily::attention_block(std::int64_t layer) const {
  const std::string prefix = layer_prefix(layer);
  const std::int64_t d = config().hidden_size;
  const std::int64_t queries = config().num_attention_heads * config().head_dim;
  const std::int64_t keys = config().num_key_value_heads * config().head_dim;
  const auto place = [&](const char* name, bool bias, std::int64_t outputs, std::int64_t inputs) {
    const std::string tensor = prefix + "self_attn." + name;
    return whole_linear(tensor + ".weight", bias ? tensor + ".bias" : "", outputs, inputs);
  };
  AttentionBlock block;
  block.norm = norm_place(prefix + "input_layernorm");
  block.q = place("q_proj", biases_.qkv, queries, d);
  block.k = place("k_proj", biases_.qkv, keys, d);
  block.v = place("v_proj", biases_.qkv, keys, d);
  block.o = place("o_proj", biases_.output, d, queries);
  return block;
}

std::vector<std::string> LlamaFamily::unused_tensors() const {
  return {"model.layers.{}.self_attn.rotary_emb.inv_freq"};
}

ModelConfig read_llama_config(const FamilyInput& input, const SizeKeys& keys) {
  ModelConfig config = read_sizes(input.config, input.architecture, keys);
  config.norm_eps = input.config.number_or("rms_norm_eps", config.norm_eps, 0.0, 1.0);
  config.activation = read_activation(input.config, "hidden_act", "silu");
  config.tie_word_embeddings = input.config.boolean_or("tie_word_embeddings", false);
  read_rope(input.config, config);
  return config;
}

LlamaBiases read_biases(const ConfigFields& fields) {
  const bool attention = fields.boolean_or("attention_bias", false);
  return {.qkv = attention, .output = attention, .ffn = fields.boolean_or("mlp_bias", false)};
}

std::unique_ptr<Family> make_llama(const FamilyInput& input) {
  return std::make_unique<LlamaFamily>("llama", read_llama_config(input), read_biases(input.config));
}

std::unique_ptr<Family> make_deci(const FamilyInput& input) {
  constexpr const char* kWidths = "intermediate_sizes";
  if (!input.config.has(kWidths)) {
    input.config.refuse("architectures", "is DeciLMForCausalLM, which is read from GGUF files only");
  }
  ModelConfig config = read_llama_config(input);
  config.layer_widths = input.config.integers(kWidths, 1, kMaxSize);
  if (static_cast<std::int64_t>(config.layer_widths.size()) != config.num_hidden_layers) {
    input.config.reject(
        kWidths, fmt::format("has {} entries for {} layers", config.layer_widths.size(), config.num_hidden_layers));
  }
  config.intermediate_size = std::ranges::max(config.layer_widths);
  return std::make_unique<LlamaFamily>("deci", std::move(config), read_biases(input.config));
}

std::unique_ptr<Family> make_mistral(const FamilyInput& input) {
  constexpr std::int64_t kDefaultWindow = 4096;
  ModelConfig config = read_llama_config(input);
  const bool none = input.config.mentions("sliding_window") && !input.config.has("sliding_window");  // null
  const std::int64_t window = none ? 0 : input.config.integer_or("sliding_window", kDefaultWindow, 1, kMaxSize);
  read_windows(
      input.config, window, [](std::int64_t) { return true; }, config);
  return std::make_unique<LlamaFamily>("mistral", std::move(config));
}

std::unique_ptr<Family> make_granite(const FamilyInput& input) {
  constexpr double kLargest = 1e6;
  ModelConfig config = read_llama_config(input);
  config.embedding_multiplier = input.config.number_or("embedding_multiplier", 1.0, 0.0, kLargest);
  config.residual_multiplier = input.config.number_or("residual_multiplier", 1.0, 0.0, kLargest);
  config.attention_scale = input.config.number_or("attention_multiplier", 1.0, 1e-9, kLargest);
  config.logit_divisor = input.config.number_or("logits_scaling", 1.0, 1e-9, kLargest);
  return std::make_unique<LlamaFamily>("granite", std::move(config), read_biases(input.config));
}

}  // namespace prunenet
