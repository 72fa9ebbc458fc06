#include "make_plan.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/rng.h"
#include "prunenet/core/sha256.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/plan/budget.h"
#include "prunenet/policy/keep_set.h"
#include "prunenet/policy/policy.h"
#include "prunenet/policy/policy_kind.h"
#include "prunenet/policy/published_policy.h"
#include "prunenet/policy/score_model.h"
#include "prunenet/train/prunenet_session.h"

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

/// Where the plan comes from, in words.
std::string source_of(const PlanRequest& request, const char* kind, const std::optional<std::uint64_t>& seed) {
  std::string source = fmt::format("{} {}", kind, sha256_file(request.policy));
  if (seed) source += fmt::format(", sampled with seed {}", *seed);
  return source;
}

[[noreturn]] void refuse_without_budget(const std::filesystem::path& policy) {
  throw Error(
      ErrorKind::kInvalidArgument,
      fmt::format("--budget global: {} has no budget; 'prunenet refine --set refine.learn=budget' learns one, or leave "
                  "the option out",
                  policy.string()));
}

PlanFromPolicy ask_feature_policy(const CheckpointWeights& weights, const PlanRequest& request, std::int64_t round_to,
                                  Progress& progress) {
  Policy policy = load_policy(request.policy);
  if (request.budget == BudgetKind::kGlobal && !policy.budget) refuse_without_budget(request.policy);
  std::optional<std::uint64_t> seed;
  if (request.sample) seed = request.seed.value_or(0);
  Rng rng(seed.value_or(0));
  std::vector<std::vector<float>> scores = score_model({&policy, 1}, weights, progress);
  if (seed) {
    for (std::vector<float>& layer : scores) layer = scores_of_ranking(sample_rankings(layer, 1, rng).rankings[0]);
  }
  if (request.budget == BudgetKind::kUniform) {
    return {make_uniform_plan(scores, request.ratio, round_to, source_of(request, "policy", seed)), seed};
  }
  const Budget budget = budget_for_depth(*policy.budget, static_cast<std::int64_t>(scores.size()));
  return {make_budget_plan(scores, budget, request.ratio, round_to, source_of(request, "budget of policy", seed)),
          seed};
}

PlanFromPolicy ask_published_policy(const CheckpointRows& rows, const PlanRequest& request, std::int64_t round_to,
                                    Progress& progress) {
  if (request.budget == BudgetKind::kGlobal) refuse_without_budget(request.policy);
  PublishedPolicy policy = load_published_policy(request.policy);
  check_fits(policy, rows.hidden_size(), rows.intermediate_size(), request.ratio);
  std::optional<std::uint64_t> seed;
  if (request.sample || policy.faithful) seed = request.seed.value_or(0);
  Rng rng(seed.value_or(0));
  Plan plan;
  plan.source = source_of(request, "prunenet policy", seed);
  plan.intermediate_size = rows.intermediate_size();
  plan.requested_ratio = request.ratio;
  plan.round_to = round_to;
  const std::int64_t width = width_for_ratio(rows.intermediate_size(), request.ratio, round_to);
  progress.begin("scoring", "layers", static_cast<std::uint64_t>(rows.num_layers()));
  for (std::int64_t layer = 0; layer < rows.num_layers(); ++layer) {
    plan.keep_indices.push_back(keep_indices(policy, rows.rows(layer), width, rng, request.sample));
    progress.advance(1);
  }
  return {std::move(plan), seed};
}

}  // namespace

BudgetKind parse_budget_kind(const std::string& name) {
  if (name == "uniform") return BudgetKind::kUniform;
  if (name == "global") return BudgetKind::kGlobal;
  throw Error(ErrorKind::kInvalidArgument, fmt::format("--budget {} is none of uniform, global", name));
}

PlanFromPolicy make_plan(const Checkpoint& checkpoint, const Family& family, const PlanRequest& request,
                         Progress& progress) {
  const std::int64_t width = family.config().intermediate_size;
  const std::int64_t round_to =
      request.round_to.empty() ? default_rounding(width, request.ratio) : parse_rounding(request.round_to);
  static_cast<void>(width_for_ratio(width, request.ratio, round_to));  // refuses bad values before the long part
  return read_policy_kind(request.policy) == PolicyKind::kPrunenet
             ? ask_published_policy(CheckpointRows(checkpoint, family), request, round_to, progress)
             : ask_feature_policy(CheckpointWeights(checkpoint, family), request, round_to, progress);
}

}  // namespace prunenet::cli
