#include "prunenet/family/gguf_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/checkpoint/printable.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"

namespace prunenet {

namespace {

constexpr std::string_view kArchitecture = "llama";

/// Names within a layer: "blk.<l>.<first>" becomes "model.layers.<l>.<second>".
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kLayerTensors{{
    {"attn_norm.weight", "input_layernorm.weight"},
    {"attn_q.weight", "self_attn.q_proj.weight"},
    {"attn_k.weight", "self_attn.k_proj.weight"},
    {"attn_v.weight", "self_attn.v_proj.weight"},
    {"attn_output.weight", "self_attn.o_proj.weight"},
    {"attn_q.bias", "self_attn.q_proj.bias"},
    {"attn_k.bias", "self_attn.k_proj.bias"},
    {"attn_v.bias", "self_attn.v_proj.bias"},
    {"attn_output.bias", "self_attn.o_proj.bias"},
    {"ffn_norm.weight", "post_attention_layernorm.weight"},
    {"ffn_gate.weight", "mlp.gate_proj.weight"},
    {"ffn_up.weight", "mlp.up_proj.weight"},
    {"ffn_down.weight", "mlp.down_proj.weight"},
    {"ffn_gate.bias", "mlp.gate_proj.bias"},
    {"ffn_up.bias", "mlp.up_proj.bias"},
    {"ffn_down.bias", "mlp.down_proj.bias"},
}};

/// Not a weight: what each rotary frequency is divided by, [head_dim / 2]; config.json describes it by its rule.
constexpr std::string_view kRotaryFactors = "rope_freqs.weight";
constexpr double kLlama3LowFactor = 1.0;
constexpr double kLlama3HighFactor = 4.0;
constexpr double kLlama3Context = 8192.0;

struct Sizes {
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t key_value_heads = 0;
  std::int64_t head_dim = 0;
};

[[noreturn]] void fail(const GgufFile& gguf, ErrorKind kind, const std::string& what) {
  throw Error(kind, fmt::format("{}: {}", gguf.path().string(), what));
}

std::int64_t positive(const GgufFile& gguf, const std::string& key) {
  const std::int64_t value = gguf.integer(key);
  if (value < 1 || value > (std::int64_t{1} << 31U)) {
    fail(gguf, ErrorKind::kBadInput, fmt::format("metadata {} is {}, not a size", key, value));
  }
  return value;
}

Sizes read_sizes(const GgufFile& gguf) {
  const std::string architecture = gguf.text("general.architecture");
  if (architecture != kArchitecture) {
    fail(gguf, ErrorKind::kUnsupported,
         fmt::format("architecture '{}' is not known; known is {}", printable(architecture), kArchitecture));
  }
  if (gguf.has("llama.expert_count") && gguf.integer("llama.expert_count") > 0) {
    fail(gguf, ErrorKind::kUnsupported, "mixtures of experts are not known");
  }
  Sizes sizes;
  sizes.layers = positive(gguf, "llama.block_count");
  sizes.heads = positive(gguf, "llama.attention.head_count");
  sizes.key_value_heads =
      gguf.has("llama.attention.head_count_kv") ? positive(gguf, "llama.attention.head_count_kv") : sizes.heads;
  const std::int64_t d = positive(gguf, "llama.embedding_length");
  sizes.head_dim =
      gguf.has("llama.attention.key_length") ? positive(gguf, "llama.attention.key_length") : d / sizes.heads;
  if (sizes.head_dim < 1 || sizes.head_dim % 2 != 0 || sizes.heads % sizes.key_value_heads != 0) {
    fail(gguf, ErrorKind::kBadInput,
         fmt::format("{} heads, {} key-value heads and head size {} do not go together", sizes.heads,
                     sizes.key_value_heads, sizes.head_dim));
  }
  return sizes;
}

/// The divisor of one rotary frequency under LLaMA 3's scaling (transformers, `_compute_llama3_parameters`).
double llama3_divisor(double frequency, double factor) {
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  if (wavelength < kLlama3Context / kLlama3HighFactor) return 1.0;
  if (wavelength > kLlama3Context / kLlama3LowFactor) return factor;
  const double smooth = (kLlama3Context / wavelength - kLlama3LowFactor) / (kLlama3HighFactor - kLlama3LowFactor);
  return 1.0 / ((1.0 - smooth) / factor + smooth);
}

double rope_theta(const GgufFile& gguf) {
  return gguf.has("llama.rope.freq_base") ? gguf.number("llama.rope.freq_base") : 10000.0;
}

/// A file with a table of divisors was scaled by LLaMA 3's rule. Of its four parameters all models have three in
/// common; the fourth is the largest divisor. The table must come out of them again, else it is refused and not
/// guessed.
nlohmann::ordered_json llama3_scaling(const GgufFile& gguf, std::int64_t head_dim) {
  const std::vector<float> table = gguf.read(std::string(kRotaryFactors));
  const double factor = table.empty() ? 0.0 : static_cast<double>(*std::max_element(table.begin(), table.end()));
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(head_dim);
    const double expected = llama3_divisor(std::pow(rope_theta(gguf), -exponent), factor);
    if (std::abs(static_cast<double>(table[i]) - expected) <= 1e-3 * expected) continue;
    fail(gguf, ErrorKind::kUnsupported,
         fmt::format("{}: divisor {} of a rotary frequency is {:.6g}, where LLaMA 3's rule gives {:.6g}; config.json "
                     "could not state the rule, so import the model's safetensors instead",
                     kRotaryFactors, i, table[i], expected));
  }
  return {{"rope_type", "llama3"},
          {"factor", factor},
          {"low_freq_factor", kLlama3LowFactor},
          {"high_freq_factor", kLlama3HighFactor},
          {"original_max_position_embeddings", static_cast<std::int64_t>(kLlama3Context)}};
}

nlohmann::ordered_json rotary_scaling(const GgufFile& gguf, std::int64_t head_dim) {
  if (gguf.tensors().contains(std::string(kRotaryFactors))) return llama3_scaling(gguf, head_dim);
  const std::string type = gguf.has("llama.rope.scaling.type") ? gguf.text("llama.rope.scaling.type") : "none";
  if (type == "none") return nullptr;
  if (type != "linear") {
    fail(gguf, ErrorKind::kUnsupported,
         fmt::format("rotary scaling '{}' is not known; known: none, linear", printable(type)));
  }
  return {{"rope_type", "linear"}, {"factor", gguf.number("llama.rope.scaling.factor")}};
}

bool is_tied(const GgufFile& gguf) {
  return !gguf.tensors().contains("output.weight");
}

/// transformers' name of a tensor; nothing where the architecture has no such tensor.
std::optional<std::string> tensor_name(const std::string& name) {
  if (name == "token_embd.weight") return "model.embed_tokens.weight";
  if (name == "output_norm.weight") return "model.norm.weight";
  if (name == "output.weight") return "lm_head.weight";
  constexpr std::string_view kPrefix = "blk.";
  const std::size_t dot = name.find('.', kPrefix.size());
  if (!name.starts_with(kPrefix) || dot == std::string::npos) return std::nullopt;
  const std::string_view part = std::string_view(name).substr(dot + 1);
  for (const auto& [from, to] : kLayerTensors) {
    if (part == from) return fmt::format("model.layers.{}.{}", name.substr(kPrefix.size(), dot - kPrefix.size()), to);
  }
  return std::nullopt;
}

/// Declarations in the file's order of names, and which GGUF tensor each comes from.
struct Layout {
  std::vector<TensorDeclaration> tensors;
  std::map<std::string, std::string> sources;
};

Layout lay_out(const GgufFile& gguf, Dtype dtype) {
  Layout layout;
  for (const auto& [name, info] : gguf.tensors()) {
    if (name == kRotaryFactors) continue;
    const std::optional<std::string> target = tensor_name(name);
    if (!target) {
      fail(gguf, ErrorKind::kUnsupported,
           fmt::format("tensor {} has no place in the {} architecture", printable(name), kArchitecture));
    }
    layout.tensors.push_back({*target, dtype, info.shape});
    layout.sources[*target] = name;
  }
  return layout;
}

/// Rows of q or k lie as pairs (r, r + c/2) next to each other in each head of c rows; puts the halves back in order.
std::vector<float> unpermuted(const std::vector<float>& values, std::int64_t heads, std::int64_t head_dim) {
  const auto row = values.size() / static_cast<std::size_t>(heads * head_dim);
  std::vector<float> result(values.size());
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t r = 0; r < head_dim; ++r) {
      const std::int64_t half = r / (head_dim / 2);
      const std::int64_t stored = 2 * (r % (head_dim / 2)) + half;
      const auto from = static_cast<std::size_t>(head * head_dim + stored) * row;
      const auto to = static_cast<std::size_t>(head * head_dim + r) * row;
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(from), row,
                  result.begin() + static_cast<std::ptrdiff_t>(to));
    }
  }
  return result;
}

std::vector<float> read_for(const GgufFile& gguf, const Sizes& sizes, const std::string& name) {
  std::vector<float> values = gguf.read(name);
  const bool query = name.find(".attn_q.") != std::string::npos;
  const bool key = name.find(".attn_k.") != std::string::npos;
  if (!query && !key) return values;
  const std::int64_t heads = query ? sizes.heads : sizes.key_value_heads;
  const std::vector<std::int64_t>& shape = gguf.tensor(name).shape;
  if (shape.empty() || shape.front() != heads * sizes.head_dim) {
    fail(gguf, ErrorKind::kBadInput,
         fmt::format("tensor {} has {} rows, but {} heads of {} need {}", name, shape.empty() ? 0 : shape.front(),
                     heads, sizes.head_dim, heads * sizes.head_dim));
  }
  return unpermuted(values, heads, sizes.head_dim);
}

void add_token_ids(const GgufFile& gguf, nlohmann::ordered_json& config) {
  constexpr std::array<std::pair<const char*, const char*>, 3> kIds{
      {{"bos_token_id", "tokenizer.ggml.bos_token_id"},
       {"eos_token_id", "tokenizer.ggml.eos_token_id"},
       {"pad_token_id", "tokenizer.ggml.padding_token_id"}}};
  for (const auto& [name, key] : kIds) {
    config[name] = gguf.has(key) ? nlohmann::ordered_json(gguf.integer(key)) : nlohmann::ordered_json();
  }
}

}  // namespace

nlohmann::ordered_json config_from_gguf(const GgufFile& gguf, Dtype dtype) {
  const Sizes sizes = read_sizes(gguf);
  nlohmann::ordered_json config;
  config["architectures"] = {"LlamaForCausalLM"};
  config["model_type"] = "llama";
  config["vocab_size"] = gguf.tensor("token_embd.weight").shape.front();
  config["hidden_size"] = positive(gguf, "llama.embedding_length");
  config["intermediate_size"] = positive(gguf, "llama.feed_forward_length");
  config["num_hidden_layers"] = sizes.layers;
  config["num_attention_heads"] = sizes.heads;
  config["num_key_value_heads"] = sizes.key_value_heads;
  config["head_dim"] = sizes.head_dim;
  config["max_position_embeddings"] = positive(gguf, "llama.context_length");
  config["rms_norm_eps"] = gguf.number("llama.attention.layer_norm_rms_epsilon");
  config["rope_theta"] = rope_theta(gguf);
  config["rope_scaling"] = rotary_scaling(gguf, sizes.head_dim);
  config["hidden_act"] = "silu";
  config["attention_bias"] = gguf.tensors().contains("blk.0.attn_q.bias");
  config["mlp_bias"] = gguf.tensors().contains("blk.0.ffn_gate.bias");
  config["tie_word_embeddings"] = is_tied(gguf);
  add_token_ids(gguf, config);
  config["torch_dtype"] = torch_name(dtype);
  return config;
}

std::uint64_t imported_bytes(const GgufFile& gguf, Dtype dtype) {
  return serialized_size(split_into_shards(lay_out(gguf, dtype).tensors));
}

void import_weights(const GgufFile& gguf, const std::filesystem::path& directory, Dtype dtype, Progress& progress) {
  const Sizes sizes = read_sizes(gguf);
  const nlohmann::ordered_json config = config_from_gguf(gguf, dtype);
  const Layout layout = lay_out(gguf, dtype);
  write_shards(
      directory, split_into_shards(layout.tensors),
      [&](const std::string& name) { return from_floats(read_for(gguf, sizes, layout.sources.at(name)), dtype); },
      progress);
  write_file_atomically(directory / kConfigFile, config.dump(2) + "\n");
}

}  // namespace prunenet
