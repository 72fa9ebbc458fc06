#include "make_plan.h"

#include <fmt/format.h>

#include <vector>

#include "prunenet/core/rng.h"
#include "prunenet/core/sha256.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/policy/keep_set.h"
#include "prunenet/policy/policy.h"

namespace prunenet::cli {

namespace {

/// Scores in the order of a drawn ranking: the plan then keeps its first neurons.
std::vector<float> scores_of_ranking(const torch::Tensor& ranking) {
  const auto order = ranking.accessor<std::int64_t, 1>();
  std::vector<float> scores(static_cast<std::size_t>(order.size(0)));
  for (std::int64_t place = 0; place < order.size(0); ++place) {
    scores[static_cast<std::size_t>(order[place])] = -static_cast<float>(place);
  }
  return scores;
}

}  // namespace

Plan make_plan(const Model& model, const PlanRequest& request, Progress& progress) {
  const std::int64_t width = model.family->config().intermediate_size;
  const std::int64_t round_to =
      request.round_to.empty() ? default_rounding(width, request.ratio) : parse_rounding(request.round_to);
  static_cast<void>(width_for_ratio(width, request.ratio, round_to));  // refuses bad values before the long part
  Policy policy = load_policy(request.policy);
  check_features(policy, feature_names());

  std::string source = fmt::format("policy {}", sha256_file(request.policy));
  std::optional<Rng> rng;
  if (request.sample_seed) {
    rng.emplace(*request.sample_seed);
    source += fmt::format(", sampled with seed {}", *request.sample_seed);
  }
  std::vector<std::vector<float>> scores;
  extract_features(
      CheckpointWeights(model.checkpoint, *model.family),
      [&](std::int64_t /*layer*/, const MatrixF& features) {
        scores.push_back(score_neurons(policy.network, features));
        if (rng) scores.back() = scores_of_ranking(sample_rankings(scores.back(), 1, *rng).rankings[0]);
      },
      progress);
  return make_uniform_plan(scores, request.ratio, round_to, source);
}

}  // namespace prunenet::cli
