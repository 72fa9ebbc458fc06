#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "prunenet/family/config_fields.h"
#include "prunenet/family/family.h"

namespace prunenet {

/// What an adapter is made of.
struct FamilyInput {
  const ConfigFields& config;
  const std::function<bool(const std::string&)>& has_tensor;  ///< for layouts that only names tell apart
  std::string architecture;
};

using MakeFamily = std::unique_ptr<Family> (*)(const FamilyInput& input);

/// One adapter a file; each throws as `read_sizes` does.
[[nodiscard]] std::unique_ptr<Family> make_llama(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_deci(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_mistral(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_granite(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_qwen2(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_qwen3(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_gemma(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_gemma2(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_gemma3(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_olmo2(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_phi3(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_phi(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_opt(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_falcon(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_gpt2(const FamilyInput& input);
[[nodiscard]] std::unique_ptr<Family> make_gpt_neox(const FamilyInput& input);

struct Adapter {
  std::string_view architecture;  ///< as in config.json's `architectures`
  MakeFamily make;
};

inline constexpr std::array<Adapter, 16> kAdapters{{
    {"LlamaForCausalLM", &make_llama},
    {"MistralForCausalLM", &make_mistral},
    {"GraniteForCausalLM", &make_granite},
    {"Qwen2ForCausalLM", &make_qwen2},
    {"Qwen3ForCausalLM", &make_qwen3},
    {"GemmaForCausalLM", &make_gemma},
    {"Gemma2ForCausalLM", &make_gemma2},
    {"Gemma3ForCausalLM", &make_gemma3},
    {"Olmo2ForCausalLM", &make_olmo2},
    {"Phi3ForCausalLM", &make_phi3},
    {"PhiForCausalLM", &make_phi},
    {"OPTForCausalLM", &make_opt},
    {"FalconForCausalLM", &make_falcon},
    {"GPT2LMHeadModel", &make_gpt2},
    {"GPTNeoXForCausalLM", &make_gpt_neox},
    {"DeciLMForCausalLM", &make_deci},
}};

}  // namespace prunenet
