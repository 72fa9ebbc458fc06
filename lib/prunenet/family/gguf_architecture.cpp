#include "prunenet/family/gguf_architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

// After llama.cpp's src/models/*.cpp (load_arch_hparams, load_arch_tensors) and src/llama-model.cpp (rope types).
constexpr std::array<GgufArchitecture, 14> kGgufArchitectures{{
    {.name = "llama",
     .transformers = "LlamaForCausalLM",
     .model_type = "llama",
     .paired_rotary = true,
     .block_biases = true,
     .own_head_size = true,
     .llama3_rotary = true},
    {.name = "deci",  // LLaMA with a width for each layer
     .transformers = "DeciLMForCausalLM",
     .model_type = "nemotron-nas",
     .paired_rotary = true,
     .block_biases = true,
     .own_head_size = true,
     .llama3_rotary = true},
    {.name = "granite",
     .transformers = "GraniteForCausalLM",
     .model_type = "granite",
     .paired_rotary = true,
     .block_biases = true,
     .own_head_size = true,
     .llama3_rotary = true,
     .granite_multipliers = true},
    {.name = "qwen2", .transformers = "Qwen2ForCausalLM", .model_type = "qwen2"},
    {.name = "qwen3", .transformers = "Qwen3ForCausalLM", .model_type = "qwen3", .own_head_size = true},
    {.name = "gemma",
     .transformers = "GemmaForCausalLM",
     .model_type = "gemma",
     .gelu = true,
     .own_head_size = true,
     .always_tied = true},
    {.name = "gemma2",
     .transformers = "Gemma2ForCausalLM",
     .model_type = "gemma2",
     .gelu = true,
     .own_head_size = true,
     .always_tied = true,
     .windows = true},
    {.name = "gemma3",
     .transformers = "Gemma3ForCausalLM",
     .model_type = "gemma3_text",
     .gelu = true,
     .own_head_size = true,
     .windows = true},
    {.name = "olmo2", .transformers = "Olmo2ForCausalLM", .model_type = "olmo2", .needs_output = true},
    {.name = "phi3", .transformers = "Phi3ForCausalLM", .model_type = "phi3"},
    {.name = "phi2",
     .transformers = "PhiForCausalLM",
     .model_type = "phi",
     .gelu = true,
     .block_biases = true,
     .needs_output = true},
    {.name = "gpt2", .transformers = "GPT2LMHeadModel", .model_type = "gpt2", .gelu = true, .block_biases = true},
    {.name = "gptneox",
     .transformers = "GPTNeoXForCausalLM",
     .model_type = "gpt_neox",
     .gelu = true,
     .block_biases = true,
     .needs_output = true},
    {.name = "falcon", .transformers = "FalconForCausalLM", .model_type = "falcon", .gelu = true},
}};

/// Architectures that llama.cpp keeps under the name of another.
constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kSame{
    {{"MistralForCausalLM", "LlamaForCausalLM"}}};

class Requirements {
 public:
  Requirements(const Family& family, const GgufArchitecture& architecture)
      : family_(family), architecture_(architecture) {}

  void check(bool met, std::string_view what) const {
    if (met) return;
    throw Error(ErrorKind::kUnsupported,
                fmt::format("{} cannot become a GGUF file: llama.cpp's architecture '{}' has no {}",
                            family_.config().architecture, architecture_.name, what));
  }

 private:
  const Family& family_;
  const GgufArchitecture& architecture_;
};

bool is_close(double a, double b) {
  return std::abs(a - b) <= 1e-6 * std::abs(b);
}

/// llama.cpp scales attention by the head size, but in Gemma's largest model by d / heads.
double gemma_attention_scale(const ModelConfig& config, std::int64_t largest) {
  const bool is_largest = config.num_hidden_layers == largest;
  return 1.0 /
         std::sqrt(static_cast<double>(is_largest ? config.hidden_size / config.num_attention_heads : config.head_dim));
}

void check_blocks(const Family& family, const GgufArchitecture& architecture, const Requirements& requirements) {
  const ModelConfig& config = family.config();
  const AttentionBlock attention = family.attention_block(0);
  const FfnBlock ffn = family.ffn_block(0);
  const bool biases = !attention.o.bias.empty() || !ffn.up.bias.empty() || !ffn.down.bias.empty();
  requirements.check(architecture.block_biases || !biases, "biases of the attention output and the FFN");
  const bool fixed_biases = architecture.name == "gpt2" || architecture.name == "gptneox";
  requirements.check(!fixed_biases || !attention.q.bias.empty(), "attention without biases");
  requirements.check(architecture.name != "falcon" || config.parallel_blocks, "blocks one after the other");
  requirements.check(architecture.name != "phi2" || !attention.q_norm.exists(), "norms of queries and keys");
  requirements.check(!family.embedding_projection().exists(), "embeddings that are narrower than the stream");
}

void check_numbers(const Family& family, const GgufArchitecture& architecture, const Requirements& requirements) {
  const ModelConfig& config = family.config();
  const bool gelu = config.activation == Activation::kGelu || config.activation == Activation::kGeluTanh;
  requirements.check(architecture.gelu ? gelu : config.activation == Activation::kSilu, "activation of this kind");
  requirements.check(
      architecture.own_head_size || config.num_attention_heads * config.head_dim == config.hidden_size,
      fmt::format("{} heads of {} in a stream of {}", config.num_attention_heads, config.head_dim, config.hidden_size));
  requirements.check(!architecture.paired_rotary || config.rotary_dim == config.head_dim, "partly rotated heads");
  requirements.check(architecture.llama3_rotary || config.rope_scaling.kind != RopeScaling::Kind::kLlama3,
                     "rotary scaling of type llama3");
  requirements.check(!architecture.always_tied || config.tie_word_embeddings, "output projection of its own");
  if (architecture.granite_multipliers) return;
  requirements.check(config.residual_multiplier == 1.0 && config.logit_divisor == 1.0, "multipliers");
  if (architecture.name == "gemma2" || architecture.name == "gemma3") {
    const std::int64_t largest = architecture.name == "gemma2" ? 46 : 62;
    requirements.check(is_close(config.attention_scale, gemma_attention_scale(config, largest)),
                       fmt::format("attention scale of {:.6g}", config.attention_scale));
    const bool capped = config.attention_softcap > 0.0 && config.logit_softcap > 0.0;
    requirements.check(architecture.name != "gemma2" || capped, "way to leave its soft caps out");
    requirements.check(architecture.name != "gemma3" || config.attention_softcap == 0.0, "soft cap of attention");
    return;
  }
  const double plain = 1.0 / std::sqrt(static_cast<double>(config.head_dim));
  requirements.check(config.attention_scale == 0.0 || is_close(config.attention_scale, plain),
                     fmt::format("attention scale of {:.6g}", config.attention_scale));
}

}  // namespace

const GgufArchitecture& gguf_architecture(std::string_view name) {
  std::vector<std::string_view> known;
  for (const GgufArchitecture& architecture : kGgufArchitectures) {
    if (architecture.name == name) return architecture;
    known.push_back(architecture.name);
  }
  throw Error(ErrorKind::kUnsupported, fmt::format("GGUF architecture '{}' is not known; known are {}", printable(name),
                                                   fmt::join(known, ", ")));
}

const GgufArchitecture& gguf_architecture_of(const Family& family) {
  std::string_view wanted = family.config().architecture;
  for (const auto& [from, to] : kSame) {
    if (wanted == from) wanted = to;
  }
  for (const GgufArchitecture& architecture : kGgufArchitectures) {
    if (architecture.transformers != wanted) continue;
    const Requirements requirements(family, architecture);
    check_blocks(family, architecture, requirements);
    check_numbers(family, architecture, requirements);
    return architecture;
  }
  throw Error(ErrorKind::kUnsupported, fmt::format("{} cannot become a GGUF file: llama.cpp has no such architecture",
                                                   family.config().architecture));
}

}  // namespace prunenet
