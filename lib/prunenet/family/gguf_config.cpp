#include "prunenet/family/gguf_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/family/gguf_architecture.h"
#include "prunenet/family/gguf_hyperparameters.h"
#include "prunenet/family/gguf_tensors.h"
#include "prunenet/family/llama3_rotary.h"

namespace prunenet {

namespace {

using Json = nlohmann::ordered_json;

/// Metadata of one architecture, whose keys begin with its name.
class Hyperparameters {
 public:
  explicit Hyperparameters(const GgufFile& gguf)
      : gguf_(gguf), architecture_(gguf_architecture(gguf.text(kGgufArchitectureKey))) {}

  [[nodiscard]] const GgufArchitecture& architecture() const { return architecture_; }
  [[nodiscard]] bool has(const char* key) const { return gguf_.has(full(key)); }
  [[nodiscard]] bool has_tensor(const char* name) const { return gguf_.tensors().contains(name); }
  [[nodiscard]] double number(const char* key) const { return gguf_.number(full(key)); }
  [[nodiscard]] double number_or(const char* key, double otherwise) const { return has(key) ? number(key) : otherwise; }
  [[nodiscard]] std::string text(const char* key) const { return gguf_.text(full(key)); }
  [[nodiscard]] bool flag_or(const char* key, bool otherwise) const {
    return has(key) ? gguf_.flag(full(key)) : otherwise;
  }
  [[nodiscard]] std::int64_t size(const char* key) const {
    const std::int64_t value = gguf_.integer(full(key));
    if (value < 1 || value > kLargestSize) {
      fail(ErrorKind::kBadInput, fmt::format("metadata {} is {}, not a size", full(key), value));
    }
    return value;
  }
  [[nodiscard]] std::int64_t size_or(const char* key, std::int64_t otherwise) const {
    return has(key) ? size(key) : otherwise;
  }

  /// One number, or a list of one for each layer.
  [[nodiscard]] std::vector<std::int64_t> sizes_of_layers(const char* key) const {
    if (!is_list(key)) return {size(key)};
    std::vector<std::int64_t> sizes = gguf_.integers(full(key));
    for (const std::int64_t value : sizes) {
      if (value < 1 || value > kLargestSize) fail(ErrorKind::kUnsupported, fmt::format("{} has {}", full(key), value));
    }
    if (sizes.empty()) fail(ErrorKind::kBadInput, fmt::format("{} is empty", full(key)));
    return sizes;
  }

  /// One number, or a list of equal ones.
  [[nodiscard]] std::int64_t same_in_all_layers(const char* key) const {
    const std::vector<std::int64_t> sizes = sizes_of_layers(key);
    if (std::ranges::adjacent_find(sizes, std::not_equal_to()) == sizes.end()) return sizes.front();
    fail(ErrorKind::kUnsupported,
         fmt::format("{} differs by layer, which is known of the widths of architecture deci alone", full(key)));
  }
  [[nodiscard]] std::int64_t width() const { return same_in_all_layers("feed_forward_length"); }

  /// Whether a layer slides, a layer each: stated, or every layer but each `period`-th.
  [[nodiscard]] std::vector<bool> sliding_layers(std::int64_t layers, std::int64_t period) const {
    const std::string key = full("attention.sliding_window_pattern");
    if (gguf_.has(key)) {
      if (const auto* const stated = std::get_if<std::vector<bool>>(&gguf_.metadata().at(key))) {
        if (static_cast<std::int64_t>(stated->size()) == layers) return *stated;
        fail(ErrorKind::kBadInput,
             fmt::format("metadata {} has {} entries for {} layers", key, stated->size(), layers));
      }
      period = size("attention.sliding_window_pattern");
    }
    std::vector<bool> sliding;
    for (std::int64_t layer = 0; layer < layers; ++layer) sliding.push_back((layer + 1) % period != 0);
    return sliding;
  }

  [[noreturn]] void fail(ErrorKind kind, const std::string& what) const {
    throw Error(kind, fmt::format("{}: {}", gguf_.path().string(), what));
  }

  [[nodiscard]] const GgufFile& gguf() const { return gguf_; }

 private:
  static constexpr std::size_t kFirstArray = 5;  // of GgufValue's alternatives
  static constexpr std::int64_t kLargestSize = std::int64_t{1} << 31U;

  [[nodiscard]] bool is_list(const char* key) const {
    return gguf_.has(full(key)) && gguf_.metadata().at(full(key)).index() >= kFirstArray;
  }

  [[nodiscard]] std::string full(const char* key) const { return fmt::format("{}.{}", architecture_.name, key); }

  const GgufFile& gguf_;
  const GgufArchitecture& architecture_;
};

struct Sizes {
  std::int64_t hidden_size = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t key_value_heads = 0;
  std::int64_t head_dim = 0;
};

/// One file of a model that was split has only some of its tensors.
void refuse_parts(const GgufFile& gguf) {
  if (!gguf.has("split.count") || gguf.integer("split.count") < 2) return;
  throw Error(ErrorKind::kUnsupported,
              fmt::format("{}: is one of {} parts of a model; join them first (llama-gguf-split --merge)",
                          gguf.path().string(), gguf.integer("split.count")));
}

Sizes read_sizes(const Hyperparameters& values) {
  if (values.has("expert_count") && values.number("expert_count") > 0) {
    values.fail(ErrorKind::kUnsupported, "mixtures of experts are not known");
  }
  Sizes sizes;
  sizes.hidden_size = values.size("embedding_length");
  sizes.layers = values.size("block_count");
  const auto tensors = static_cast<std::int64_t>(values.gguf().tensors().size());
  if (sizes.layers > tensors) {  // before anything is made for each of them
    values.fail(ErrorKind::kBadInput, fmt::format("{} layers, but only {} tensors", sizes.layers, tensors));
  }
  sizes.heads = values.same_in_all_layers("attention.head_count");
  sizes.key_value_heads =
      values.has("attention.head_count_kv") ? values.same_in_all_layers("attention.head_count_kv") : sizes.heads;
  sizes.head_dim = values.size_or("attention.key_length", sizes.hidden_size / sizes.heads);
  if (sizes.head_dim < 1 || sizes.head_dim % 2 != 0 || sizes.heads % sizes.key_value_heads != 0) {
    values.fail(ErrorKind::kBadInput, fmt::format("{} heads, {} key-value heads and head size {} do not go together",
                                                  sizes.heads, sizes.key_value_heads, sizes.head_dim));
  }
  return sizes;
}

double rope_theta(const Hyperparameters& values) {
  return values.number_or("rope.freq_base", 10000.0);
}

/// A file with a table of divisors was scaled by LLaMA 3's rule. Of its four parameters all of Meta's models have three
/// in common, and files that were written here state them where they differ; the fourth is the largest divisor. The
/// table must come out of them again, else it is refused and not guessed.
Json llama3_scaling(const Hyperparameters& values, std::int64_t head_dim) {
  const std::vector<float> table = values.gguf().read(kGgufRotaryFactors);
  RopeScaling scaling{.kind = RopeScaling::Kind::kLlama3,
                      .factor = 0.0,
                      .low_freq_factor = values.number_or(kGgufLowFreqFactor, 1.0),
                      .high_freq_factor = values.number_or(kGgufHighFreqFactor, 4.0),
                      .original_max_position_embeddings = values.size_or("rope.scaling.original_context_length", 8192)};
  if (scaling.high_freq_factor <= scaling.low_freq_factor) {
    values.fail(ErrorKind::kBadInput, "the factors of LLaMA 3's rotary scaling are not in order");
  }
  if (!table.empty()) scaling.factor = static_cast<double>(*std::ranges::max_element(table));
  if (static_cast<std::int64_t>(table.size()) != head_dim / 2) {
    values.fail(ErrorKind::kBadInput,
                fmt::format("{} has {} divisors for heads of {}", kGgufRotaryFactors, table.size(), head_dim));
  }
  const std::vector<double> expected = llama3_divisors(scaling, rope_theta(values), head_dim);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (std::abs(static_cast<double>(table[i]) - expected[i]) <= 1e-3 * expected[i]) continue;
    values.fail(ErrorKind::kUnsupported,
                fmt::format("{}: divisor {} of a rotary frequency is {:.6g}, where LLaMA 3's rule gives {:.6g}; "
                            "config.json could not state the rule, so import the model's safetensors instead",
                            kGgufRotaryFactors, i, table[i], expected[i]));
  }
  return {{"rope_type", "llama3"},
          {"factor", scaling.factor},
          {"low_freq_factor", scaling.low_freq_factor},
          {"high_freq_factor", scaling.high_freq_factor},
          {"original_max_position_embeddings", scaling.original_max_position_embeddings}};
}

Json rotary_scaling(const Hyperparameters& values, std::int64_t head_dim) {
  if (values.has_tensor(kGgufRotaryFactors)) return llama3_scaling(values, head_dim);
  const std::string type = values.has("rope.scaling.type") ? values.text("rope.scaling.type") : "none";
  if (type == "none") return nullptr;
  if (type != "linear") {
    values.fail(ErrorKind::kUnsupported,
                fmt::format("rotary scaling '{}' is not known; known: none, linear", printable(type)));
  }
  return {{"rope_type", "linear"}, {"factor", values.number("rope.scaling.factor")}};
}

void add_token_ids(const GgufFile& gguf, Json& config) {
  constexpr std::array<std::pair<const char*, const char*>, 3> kIds{
      {{"bos_token_id", "tokenizer.ggml.bos_token_id"},
       {"eos_token_id", "tokenizer.ggml.eos_token_id"},
       {"pad_token_id", "tokenizer.ggml.padding_token_id"}}};
  for (const auto& [name, key] : kIds) {
    config[name] = gguf.has(key) ? Json(gguf.integer(key)) : Json();
  }
}

/// What most architectures call by the same names.
void add_common(const Hyperparameters& values, const Sizes& sizes, std::int64_t width, Json& config) {
  config["hidden_size"] = sizes.hidden_size;
  config["intermediate_size"] = width;
  config["num_hidden_layers"] = sizes.layers;
  config["num_attention_heads"] = sizes.heads;
  config["num_key_value_heads"] = sizes.key_value_heads;
  config["head_dim"] = sizes.head_dim;
  config["max_position_embeddings"] = values.size("context_length");
  config["rope_theta"] = rope_theta(values);
  config["rope_scaling"] = rotary_scaling(values, sizes.head_dim);
}

void add_llama_of_width(const Hyperparameters& values, const Sizes& sizes, std::int64_t width, Json& config) {
  add_common(values, sizes, width, config);
  config["rms_norm_eps"] = values.number("attention.layer_norm_rms_epsilon");
  config["hidden_act"] = values.architecture().gelu ? "gelu_pytorch_tanh" : "silu";
  config["attention_bias"] = values.has_tensor("blk.0.attn_q.bias");
  config["mlp_bias"] = values.has_tensor("blk.0.ffn_up.bias");
}

void add_llama(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  add_llama_of_width(values, sizes, values.width(), config);
}

void add_deci(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  std::vector<std::int64_t> widths = values.sizes_of_layers("feed_forward_length");
  if (widths.size() == 1) widths.resize(static_cast<std::size_t>(sizes.layers), widths.front());
  add_llama_of_width(values, sizes, std::ranges::max(widths), config);
  config["intermediate_sizes"] = widths;
}

void add_granite(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  add_llama(values, sizes, config);
  config["attention_multiplier"] =
      values.number_or("attention.scale", 1.0 / std::sqrt(static_cast<double>(sizes.head_dim)));
  config["embedding_multiplier"] = values.number_or("embedding_scale", 1.0);
  config["residual_multiplier"] = values.number_or("residual_scale", 1.0);
  config["logits_scaling"] = values.number("logit_scale");
}

void add_gemma(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  add_llama(values, sizes, config);
  config["hidden_activation"] = "gelu_pytorch_tanh";
}

void add_layer_types(const std::vector<bool>& sliding, Json& config) {
  config["layer_types"] = Json::array();
  for (const bool slides : sliding) config["layer_types"].push_back(slides ? "sliding_attention" : "full_attention");
}

/// What attention scores are scaled by is no metadata, but d / heads in the largest model and the head size in the
/// others.
void add_gemma_attention(const Hyperparameters& values, const Sizes& sizes, std::int64_t largest, std::int64_t period,
                         Json& config) {
  constexpr std::int64_t kDefaultWindow = 4096;
  config["query_pre_attn_scalar"] = sizes.layers == largest ? sizes.hidden_size / sizes.heads : sizes.head_dim;
  const std::int64_t window = values.size_or("attention.sliding_window", kDefaultWindow);
  config["sliding_window"] = window;
  add_layer_types(values.sliding_layers(sizes.layers, period), config);
}

void add_gemma2(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  add_gemma(values, sizes, config);
  add_gemma_attention(values, sizes, 46, 2, config);
  config["attn_logit_softcapping"] = values.number_or("attn_logit_softcapping", 50.0);
  config["final_logit_softcapping"] = values.number_or("final_logit_softcapping", 30.0);
}

void add_gemma3(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  add_gemma(values, sizes, config);
  add_gemma_attention(values, sizes, 62, 6, config);
  if (!values.has("attention.sliding_window")) add_layer_types(std::vector<bool>(config["layer_types"].size()), config);
  config["rope_local_base_freq"] = values.number_or("rope.freq_base_swa", 10000.0);
  const double cap = values.number_or("final_logit_softcapping", 0.0);
  config["final_logit_softcapping"] = cap > 0.0 ? Json(cap) : Json();
  config["attn_logit_softcapping"] = nullptr;
}

double rotated_share(const Hyperparameters& values, const Sizes& sizes) {
  return static_cast<double>(values.size_or("rope.dimension_count", sizes.head_dim)) /
         static_cast<double>(sizes.head_dim);
}

void add_phi2(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  add_common(values, sizes, values.width(), config);
  config["layer_norm_eps"] = values.number("attention.layer_norm_epsilon");
  config["hidden_act"] = "gelu_new";
  config["partial_rotary_factor"] = rotated_share(values, sizes);
  config["qk_layernorm"] = false;
}

void add_phi3(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  add_llama(values, sizes, config);
  config["partial_rotary_factor"] = rotated_share(values, sizes);
  config["original_max_position_embeddings"] = config["max_position_embeddings"];
  config["sliding_window"] = nullptr;
}

void add_falcon(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  add_common(values, sizes, values.width(), config);
  config["ffn_hidden_size"] = config["intermediate_size"];
  config.erase("intermediate_size");
  config.erase("head_dim");
  const bool two_norms = values.has_tensor("blk.0.attn_norm_2.weight");
  config["new_decoder_architecture"] = two_norms || sizes.key_value_heads > 1;
  config["num_ln_in_parallel_attn"] = two_norms ? 2 : 1;
  config["multi_query"] = sizes.key_value_heads == 1;
  config["num_kv_heads"] = sizes.key_value_heads;
  config["parallel_attn"] = true;
  config["alibi"] = false;
  config["bias"] = false;
  config["layer_norm_epsilon"] = values.number("attention.layer_norm_epsilon");
  config["activation"] = "gelu";
}

void add_gpt2(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  config["n_embd"] = sizes.hidden_size;
  config["n_inner"] = values.width();
  config["n_layer"] = sizes.layers;
  config["n_head"] = sizes.heads;
  config["n_positions"] = values.size("context_length");
  config["n_ctx"] = config["n_positions"];
  config["layer_norm_epsilon"] = values.number("attention.layer_norm_epsilon");
  config["activation_function"] = "gelu_new";
}

void add_gptneox(const Hyperparameters& values, const Sizes& sizes, Json& config) {
  add_common(values, sizes, values.width(), config);
  config.erase("num_key_value_heads");
  config.erase("head_dim");
  config["rotary_emb_base"] = config["rope_theta"];
  config["rotary_pct"] = rotated_share(values, sizes);
  config["partial_rotary_factor"] = config["rotary_pct"];
  config["layer_norm_eps"] = values.number("attention.layer_norm_epsilon");
  config["hidden_act"] = "gelu";
  config["use_parallel_residual"] = values.flag_or("use_parallel_residual", true);
  config["attention_bias"] = true;
}

using AddKeys = void (*)(const Hyperparameters&, const Sizes&, Json&);

constexpr std::array<std::pair<std::string_view, AddKeys>, 10> kSpecial{{{"deci", &add_deci},
                                                                         {"granite", &add_granite},
                                                                         {"gemma", &add_gemma},
                                                                         {"gemma2", &add_gemma2},
                                                                         {"gemma3", &add_gemma3},
                                                                         {"phi2", &add_phi2},
                                                                         {"phi3", &add_phi3},
                                                                         {"falcon", &add_falcon},
                                                                         {"gpt2", &add_gpt2},
                                                                         {"gptneox", &add_gptneox}}};

AddKeys keys_of(std::string_view architecture) {
  for (const auto& [name, add] : kSpecial) {
    if (name == architecture) return add;
  }
  return &add_llama;
}

}  // namespace

Json config_from_gguf(const GgufFile& gguf, std::string_view torch_dtype) {
  refuse_parts(gguf);
  const Hyperparameters values(gguf);
  const Sizes sizes = read_sizes(values);
  const std::vector<std::int64_t>& embedding = gguf.tensor("token_embd.weight").shape;
  if (embedding.size() != 2) {
    values.fail(ErrorKind::kBadInput, fmt::format("tensor token_embd.weight has shape {}", printable(embedding)));
  }
  Json config;
  config["architectures"] = {values.architecture().transformers};
  config["model_type"] = values.architecture().model_type;
  config["vocab_size"] = embedding.front();
  keys_of(values.architecture().name)(values, sizes, config);
  config["tie_word_embeddings"] = !gguf.tensors().contains("output.weight");
  add_token_ids(gguf, config);
  config["torch_dtype"] = torch_dtype;
  return config;
}

}  // namespace prunenet
