#include "prunenet/baselines/score_planner.h"

#include <fmt/format.h>

namespace prunenet {

std::vector<float> to_scores(const torch::Tensor& scores) {
  const torch::Tensor values = scores.detach().cpu().to(torch::kFloat).contiguous();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

Selection ScorePlanner::select(double ratio, std::int64_t round_to, std::uint64_t seed, Progress& progress) {
  if (!scored_seed_ || (uses_seed_ && *scored_seed_ != seed)) {
    scores_ = score(seed, progress);
    scored_seed_ = seed;
  }
  Selection selection;
  selection.plan =
      make_uniform_plan(scores_, ratio, round_to, uses_seed_ ? fmt::format("{}, seed {}", source_, seed) : source_);
  return selection;
}

}  // namespace prunenet
