#include "prunenet/train/policy_probe.h"

#include <iterator>
#include <nlohmann/json.hpp>

#include "prunenet/core/error.h"
#include "prunenet/policy/policy.h"
#include "prunenet/policy/policy_kind.h"

namespace prunenet {

ProbeOptions probe_options_of_policy(const std::filesystem::path& policy) {
  if (read_policy_kind(policy) != PolicyKind::kFeatures) return {};
  const nlohmann::json recipe = load_policy(policy).recipe;
  if (!recipe.contains("probe")) return {};
  nlohmann::json recorded = recipe.at("probe");
  if (recorded.is_object()) {
    const nlohmann::json known = to_json(ProbeOptions{});
    for (auto option = recorded.begin(); option != recorded.end();) {
      option = known.contains(option.key()) ? std::next(option) : recorded.erase(option);
    }
  }
  return located(policy.string(), [&] { return probe_options_from_json(recorded); });
}

}  // namespace prunenet
