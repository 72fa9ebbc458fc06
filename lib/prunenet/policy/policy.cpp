#include "prunenet/policy/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/policy/policy_file.h"

namespace prunenet {

namespace {

std::vector<std::string> feature_names(const PolicyFile& file) {
  const nlohmann::json json = file.json("features");
  const bool names = json.is_array() && !json.empty() && json.size() <= 100'000 &&
                     std::all_of(json.begin(), json.end(), [](const auto& name) { return name.is_string(); });
  if (!names) file.fail("metadata field 'features' is not a list of names");
  return json.get<std::vector<std::string>>();
}

/// The shape that the metadata states, once the tensors agree: nothing is allocated for a shape that is only claimed.
PolicyNetwork read_features_network(const PolicyFile& file, std::int64_t feature_count) {
  const NetworkOptions options = network_options_from_json(file.json("network"));
  std::int64_t inputs = feature_count;
  for (std::int64_t layer = 0; layer <= options.depth; ++layer) {
    const std::int64_t outputs = layer == options.depth ? 1 : options.hidden;
    file.require_shape(fmt::format("layers_{}.weight", layer), {outputs, inputs});
    inputs = outputs;
  }
  Rng unused_initialisation(0);
  PolicyNetwork network(feature_count, options, unused_initialisation);
  file.load_parameters(*network);
  return network;
}

std::vector<std::string> missing_from(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (std::find(others.begin(), others.end(), name) == others.end()) missing.push_back(name);
  }
  return missing;
}

}  // namespace

void save_policy(const std::filesystem::path& path, const Policy& policy) {
  std::map<std::string, std::string> metadata = {{"network", to_json(policy.network->options()).dump()},
                                                 {"features", nlohmann::json(policy.features).dump()},
                                                 {"recipe", policy.recipe.dump()},
                                                 {"curve", policy.curve.dump()},
                                                 {"provenance", policy.provenance.dump()}};
  if (policy.budget) metadata["budget"] = to_json(*policy.budget).dump();
  write_policy_file(path, PolicyKind::kFeatures, *policy.network, std::move(metadata));
}

Policy load_policy(const std::filesystem::path& path) {
  const PolicyFile file(path);
  file.require_kind(PolicyKind::kFeatures);
  Policy policy;
  policy.features = feature_names(file);
  policy.recipe = file.json("recipe");
  policy.curve = file.json("curve");
  policy.provenance = file.json("provenance");
  if (file.has("budget"))
    policy.budget = located(path.string(), [&file] { return budget_from_json(file.json("budget")); });
  policy.network = read_features_network(file, static_cast<std::int64_t>(policy.features.size()));
  return policy;
}

void check_features(const Policy& policy, const std::vector<std::string>& available) {
  if (policy.features == available) return;
  const std::vector<std::string> lacking = missing_from(policy.features, available);
  const std::vector<std::string> unread = missing_from(available, policy.features);
  std::string difference;
  if (!lacking.empty()) difference += fmt::format("; not computed here: {}", fmt::join(lacking, ", "));
  if (!unread.empty()) difference += fmt::format("; not read by the policy: {}", fmt::join(unread, ", "));
  if (lacking.empty() && unread.empty()) {
    const auto [here, there] = std::mismatch(policy.features.begin(), policy.features.end(), available.begin());
    difference = fmt::format("; the order differs from '{}' on, where '{}' is computed", *here, *there);
  }
  throw Error(
      ErrorKind::kMismatch,
      fmt::format(
          "the policy was trained on another feature set ({} features, {} here){}; train it anew, or register the "
          "feature groups that it was trained on",
          policy.features.size(), available.size(), difference));
}

}  // namespace prunenet
