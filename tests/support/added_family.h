#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "prunenet/core/file.h"
#include "prunenet/family/family_registry.h"
#include "prunenet/family/llama_family.h"
#include "support/temporary_directory.h"

namespace prunenet::testing {

/// An architecture that the library does not have: LLaMA's, under another name.
inline constexpr const char* kOurArchitecture = "OursForCausalLM";

/// Copies a LLaMA model; the copy says that it is of `architecture`.
inline void copy_as(const char* architecture, const std::filesystem::path& model, const std::filesystem::path& copy) {
  std::filesystem::copy(model, copy, std::filesystem::copy_options::recursive);
  nlohmann::json config = nlohmann::json::parse(read_text_file(copy / "config.json"));
  config["architectures"] = {architecture};
  write_file(copy / "config.json", config.dump());
}

/// The library's families and that architecture's, an adapter named "ours".
inline FamilyRegistry families_with_ours() {
  FamilyRegistry families = built_in_families();
  families.add(kOurArchitecture, [](const FamilyInput& input) {
    return std::make_unique<LlamaFamily>("ours", read_llama_config(input));
  });
  return families;
}

}  // namespace prunenet::testing
