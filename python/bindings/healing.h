#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "prunenet/heal/healed_downs.h"

namespace prunenet::python {

/// What Python calls a Healing.
struct Healing {
  HealingOptions options;  ///< without the text's
  nlohmann::json text;     ///< fields of a recipe's section `probe` that stand in place of the policy's
};

/// For what `policy` (a file) planned: text is sampled as when it was trained, where nothing else is said.
/// Throws what probe_options_of_policy and probe_options_from_json throw.
[[nodiscard]] HealingOptions healing_options(const Healing& healing,
                                             const std::optional<std::filesystem::path>& policy);

}  // namespace prunenet::python
