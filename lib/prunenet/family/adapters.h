#pragma once

#include <memory>

#include "prunenet/family/family_registry.h"

namespace prunenet {

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

}  // namespace prunenet
