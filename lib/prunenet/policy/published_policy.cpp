#include "prunenet/policy/published_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "prunenet/core/error.h"
#include "prunenet/policy/network.h"
#include "prunenet/policy/policy_file.h"

namespace prunenet {

namespace {

constexpr std::int64_t kMaxSide = 1'000'000;  // of a layer's matrix; guards what a damaged file may ask for

std::int64_t read_side(const PolicyFile& file, const nlohmann::json& network, const char* key) {
  const auto found = network.find(key);
  if (found == network.end() || !found->is_number_integer() || *found < 1 || *found > kMaxSide) {
    file.fail(fmt::format("metadata field 'network.{}' must be an integer from 1 to {}", key, kMaxSide));
  }
  return found->get<std::int64_t>();
}

/// The shape that the metadata states, once the tensors agree: nothing is allocated for a shape that is only claimed.
PrunenetNetwork read_network(const PolicyFile& file) {
  const nlohmann::json json = file.json("network");
  if (!json.is_object()) file.fail("metadata field 'network' is not an object");
  const std::int64_t hidden_size = read_side(file, json, "hidden_size");
  const std::int64_t intermediate_size = read_side(file, json, "intermediate_size");
  file.require_shape("proj_intermediate.weight", {intermediate_size, hidden_size});
  Rng unused_initialisation(0);
  PrunenetNetwork network(hidden_size, intermediate_size, unused_initialisation);
  file.load_parameters(*network);
  return network;
}

/// Equal scores stay in order of index.
torch::Tensor best_first(const torch::Tensor& z) {
  return std::get<1>(z.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
}

}  // namespace

void save_published_policy(const std::filesystem::path& path, const PublishedPolicy& policy) {
  write_policy_file(path, PolicyKind::kPrunenet, *policy.network,
                    {{"network", nlohmann::json{{"hidden_size", policy.network->hidden_size()},
                                                {"intermediate_size", policy.network->intermediate_size()}}
                                     .dump()},
                     {"ratio", nlohmann::json(policy.ratio).dump()},
                     {"faithful", nlohmann::json(policy.faithful).dump()},
                     {"recipe", policy.recipe.dump()},
                     {"curve", policy.curve.dump()},
                     {"provenance", policy.provenance.dump()}});
}

PublishedPolicy load_published_policy(const std::filesystem::path& path) {
  const PolicyFile file(path);
  file.require_kind(PolicyKind::kPrunenet);
  PublishedPolicy policy;
  const nlohmann::json ratio = file.json("ratio");
  if (!ratio.is_number() || !(ratio > 0.0 && ratio < 1.0)) file.fail("metadata field 'ratio' is not between 0 and 1");
  policy.ratio = ratio;
  const nlohmann::json faithful = file.json("faithful");
  if (!faithful.is_boolean()) file.fail("metadata field 'faithful' is neither true nor false");
  policy.faithful = faithful;
  policy.recipe = file.json("recipe");
  policy.curve = file.json("curve");
  policy.provenance = file.json("provenance");
  policy.network = read_network(file);
  return policy;
}

void check_fits(const PublishedPolicy& policy, std::int64_t hidden_size, std::int64_t intermediate_size, double ratio) {
  if (policy.network->hidden_size() != hidden_size || policy.network->intermediate_size() != intermediate_size) {
    throw Error(ErrorKind::kMismatch,
                fmt::format("the policy was trained on hidden size {} and intermediate size {}, but the model has {} "
                            "and {}; one of kind 'prunenet' serves no other shape: train one on this model",
                            policy.network->hidden_size(), policy.network->intermediate_size(), hidden_size,
                            intermediate_size));
  }
  if (std::abs(policy.ratio - ratio) > 1e-9) {
    throw Error(ErrorKind::kMismatch,
                fmt::format("the policy was trained for ratio {}, but {} is asked for; one of kind 'prunenet' serves "
                            "one ratio: train another with --set prunenet.ratio={}",
                            policy.ratio, ratio, ratio));
  }
}

std::vector<std::int64_t> keep_indices(PublishedPolicy& policy, const MatrixF& rows, std::int64_t count, Rng& rng,
                                       bool sample) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor weights = to_tensor(rows);
  const torch::Tensor order = policy.faithful || sample
                                  ? draw_keep_set(policy.network, weights, count, policy.faithful, rng)
                                  : best_first(policy.network->forward_factored(weights));
  const auto* first = order.data_ptr<std::int64_t>();
  std::vector<std::int64_t> kept(first, first + count);
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace prunenet
