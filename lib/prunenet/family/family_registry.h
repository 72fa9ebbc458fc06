#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/registry.h"
#include "prunenet/family/config_fields.h"
#include "prunenet/family/family.h"

namespace prunenet {

/// What an adapter is made of.
struct FamilyInput {
  const ConfigFields& config;                                 ///< config.json; good while the adapter is made
  const std::function<bool(const std::string&)>& has_tensor;  ///< for layouts that only names tell apart
  std::string architecture;                                   ///< the one name in config.json's `architectures`
};

/// Throws as `read_sizes` does.
using MakeFamily = std::function<std::unique_ptr<Family>(const FamilyInput& input)>;

/// Adapters by architecture, as in config.json's `architectures`:
///   FamilyRegistry families = built_in_families();
///   families.add("MyForCausalLM", make_mine);
///   const auto family = make_family(checkpoint, families);
using FamilyRegistry = Registry<MakeFamily>;

/// docs/families.md lists them.
[[nodiscard]] FamilyRegistry built_in_families();

/// As in family.h, among these.
[[nodiscard]] std::unique_ptr<Family> make_family(const Checkpoint& checkpoint, const FamilyRegistry& families);
[[nodiscard]] std::unique_ptr<Family> make_family(const nlohmann::json& config, const std::string& where,
                                                  const FamilyRegistry& families);

}  // namespace prunenet
