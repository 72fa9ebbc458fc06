#include "prunenet/plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

void check_scores(const std::vector<std::vector<float>>& scores) {
  if (scores.empty()) throw Error(ErrorKind::kInvalidArgument, "a plan of no layers: there are no scores");
  for (std::size_t layer = 0; layer < scores.size(); ++layer) {
    if (scores[layer].size() != scores.front().size()) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("layer {} has {} scores, but layer 0 has {}; a uniform plan needs layers of one "
                              "intermediate size",
                              layer, scores[layer].size(), scores.front().size()));
    }
    for (std::size_t neuron = 0; neuron < scores[layer].size(); ++neuron) {
      if (std::isfinite(scores[layer][neuron])) continue;
      throw Error(ErrorKind::kNumerical,
                  fmt::format("the score of layer {}, neuron {} is {}", layer, neuron, scores[layer][neuron]));
    }
  }
}

}  // namespace

double Plan::achieved_ratio() const {
  if (keep_indices.empty() || intermediate_size == 0) return 0.0;
  std::size_t kept = 0;
  for (const auto& layer : keep_indices) kept += layer.size();
  const double dense = static_cast<double>(keep_indices.size()) * static_cast<double>(intermediate_size);
  return 1.0 - static_cast<double>(kept) / dense;
}

std::vector<std::int64_t> Plan::widths() const {
  std::vector<std::int64_t> widths;
  for (const auto& keep : keep_indices) widths.push_back(static_cast<std::int64_t>(keep.size()));
  return widths;
}

bool Plan::is_uniform() const {
  return std::ranges::all_of(keep_indices, [this](const auto& keep) { return keep.size() == keep_indices[0].size(); });
}

std::int64_t Plan::uniform_width() const {
  if (keep_indices.empty()) throw Error(ErrorKind::kMismatch, "the plan has no layers, hence no width");
  const std::size_t width = keep_indices.front().size();
  for (std::size_t layer = 1; layer < keep_indices.size(); ++layer) {
    if (keep_indices[layer].size() == width) continue;
    throw Error(ErrorKind::kMismatch,
                fmt::format("the plan keeps {} neurons in layer 0 but {} in layer {}; a stock checkpoint holds one "
                            "width for all layers",
                            width, keep_indices[layer].size(), layer));
  }
  return static_cast<std::int64_t>(width);
}

std::vector<std::int64_t> top_k_indices(std::span<const float> scores, std::int64_t count) {
  if (count < 0 || count > static_cast<std::int64_t>(scores.size())) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{} neurons to keep of {}", count, scores.size()));
  }
  std::vector<std::int64_t> indices(scores.size());
  std::iota(indices.begin(), indices.end(), std::int64_t{0});
  // A total order, so that the set depends on nothing but the scores and is nested over counts.
  const auto comes_first = [scores](std::int64_t a, std::int64_t b) {
    const float score_a = scores[static_cast<std::size_t>(a)];
    const float score_b = scores[static_cast<std::size_t>(b)];
    return score_a != score_b ? score_a > score_b : a < b;
  };
  std::nth_element(indices.begin(), indices.begin() + count, indices.end(), comes_first);
  indices.resize(static_cast<std::size_t>(count));
  std::sort(indices.begin(), indices.end());
  return indices;
}

Plan make_uniform_plan(const std::vector<std::vector<float>>& scores, double ratio, std::int64_t round_to,
                       std::string source) {
  check_scores(scores);
  Plan plan;
  plan.source = std::move(source);
  plan.intermediate_size = static_cast<std::int64_t>(scores.front().size());
  plan.requested_ratio = ratio;
  plan.round_to = round_to;
  const std::int64_t width = width_for_ratio(plan.intermediate_size, ratio, round_to);
  plan.keep_indices.reserve(scores.size());
  for (const auto& layer : scores) plan.keep_indices.push_back(top_k_indices(layer, width));
  return plan;
}

void check_plan_fits(const Plan& plan, std::int64_t num_layers, std::int64_t intermediate_size) {
  const auto plan_layers = static_cast<std::int64_t>(plan.keep_indices.size());
  if (plan_layers == num_layers && plan.intermediate_size == intermediate_size) return;
  throw Error(
      ErrorKind::kMismatch,
      fmt::format("the plan is for {} layers of intermediate_size {}, but the model has {} layers of {}; make a "
                  "plan for this model",
                  plan_layers, plan.intermediate_size, num_layers, intermediate_size));
}

}  // namespace prunenet
