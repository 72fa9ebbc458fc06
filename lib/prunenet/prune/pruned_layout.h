#pragma once

#include <map>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/family/family.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/estimate.h"

namespace prunenet {

/// Which axis of a tensor a plan cuts, and what stays of it.
struct Cut {
  std::size_t axis = 0;
  std::vector<std::int64_t> keep;  ///< indices along it, ascending
};

/// A plan laid over a checkpoint: which tensors are cut, and the files that come out.
struct PrunedLayout {
  std::map<std::string, Cut> cuts;  ///< by tensor name; every other tensor stays as it is
  std::vector<Shard> shards;        ///< the input's files with the new shapes
};

/// Gate and up projections and their biases lose outputs, the down projection inputs; its bias stays. Shards keep their
/// names, metadata and order. Where embedding and output projection are tied, but a second copy with the same bytes is
/// stored, the copy is left out.
/// Throws Error(kMismatch) where the plan is not the model's or a tensor has not the shape the plan cuts,
/// Error(kUnsupported) where layers differ in width: no stock checkpoint holds that.
[[nodiscard]] PrunedLayout lay_out_pruned(const Checkpoint& checkpoint, const Family& family, const Plan& plan);

/// The sizes that come out.
[[nodiscard]] PruneEstimate estimate_layout(const Checkpoint& checkpoint, const Family& family, const Plan& plan,
                                            const PrunedLayout& layout);

}  // namespace prunenet
