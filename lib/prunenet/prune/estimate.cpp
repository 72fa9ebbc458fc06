#include "prunenet/prune/estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

double removed_share(std::uint64_t before, std::uint64_t after) {
  return 1.0 - static_cast<double>(after) / static_cast<double>(before);
}

}  // namespace

PruneEstimate make_estimate(const Family& family, const Plan& plan, ModelSize before, ModelSize after) {
  const ModelConfig& config = family.config();
  check_plan_fits(plan, config.num_hidden_layers, config.intermediate_size);
  const std::vector<std::int64_t> widths = plan.widths();
  PruneEstimate sizes;
  sizes.intermediate_size_before = plan.intermediate_size;
  sizes.intermediate_size_after = std::ranges::min(widths);
  sizes.largest_size_after = std::ranges::max(widths);
  sizes.parameters_before = before.parameters;
  sizes.parameters_after = after.parameters;
  sizes.bytes_before = before.bytes;
  sizes.bytes_after = after.bytes;
  const std::vector<std::int64_t> dense(widths.size(), plan.intermediate_size);
  sizes.macs_before = static_cast<std::uint64_t>(multiply_accumulates(family, dense));
  sizes.macs_after = static_cast<std::uint64_t>(multiply_accumulates(family, widths));
  sizes.requested_ratio = plan.requested_ratio;
  sizes.ffn_ratio = plan.achieved_ratio();
  sizes.model_ratio = removed_share(sizes.parameters_before, sizes.parameters_after);
  sizes.bytes_ratio = removed_share(sizes.bytes_before, sizes.bytes_after);
  sizes.macs_ratio = removed_share(sizes.macs_before, sizes.macs_after);
  return sizes;
}

void refuse_empty_layers(const Plan& plan) {
  for (std::size_t layer = 0; layer < plan.keep_indices.size(); ++layer) {
    if (!plan.keep_indices[layer].empty()) continue;
    throw Error(
        ErrorKind::kUnsupported,
        fmt::format("the plan keeps no neuron of layer {}; no format of checkpoints has a place for that", layer));
  }
}

Plan plan_of_width(const ModelConfig& config, std::int64_t width) {
  if (width < 1 || width > config.intermediate_size) {
    throw Error(ErrorKind::kMismatch, fmt::format("a width of {} was asked for, but the intermediate size is {}", width,
                                                  config.intermediate_size));
  }
  std::vector<std::int64_t> first(static_cast<std::size_t>(width));
  std::iota(first.begin(), first.end(), std::int64_t{0});
  Plan plan;
  plan.intermediate_size = config.intermediate_size;
  plan.keep_indices.assign(static_cast<std::size_t>(config.num_hidden_layers), first);
  return plan;
}

}  // namespace prunenet
