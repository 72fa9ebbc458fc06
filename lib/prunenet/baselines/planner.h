#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/baselines/method_options.h"
#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/core/registry.h"
#include "prunenet/family/family.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/plan/plan.h"
#include "prunenet/probe/probe_file.h"

namespace prunenet {

/// What a method sees besides the weights.
enum class DataUse {
  kNone,
  kSelfSampled,  ///< text that the model samples from itself
  kCalibration,  ///< text from outside
};

/// "none", "self-sampled", "calibration".
[[nodiscard]] std::string_view to_string(DataUse data);

/// Which neurons a method keeps, and what else it changes.
struct Selection {
  Plan plan;                       ///< layers may differ in width (whole blocks removed: an empty layer)
  std::vector<VectorF> down_bias;  ///< empty, or one [d] a layer: added to the down projection's bias
  nlohmann::json curve;            ///< learning curve where a policy was trained for this selection; else null
  double training_seconds = 0.0;   ///< of the training that this call did; 0 where it was done before
  /// Without training, where the planner knows better than a clock around `select`.
  std::optional<double> selection_seconds;
};

/// What planners may look at. All outlive the planner.
struct PlannerModel {
  const Checkpoint& checkpoint;      ///< opened; its tensors are dense
  const Family& family;              ///< of that checkpoint
  const CausalLm& network;           ///< the dense model
  const ProbeFile* probe = nullptr;  ///< of that model: methods that probe it take this; null: none
};

/// One method of choosing neurons. docs/methods.md says what each does, its source, and where it differs from it.
/// What does not depend on ratio and seed is computed by the first `select` and kept.
class Planner {
 public:
  virtual ~Planner() = default;
  /// What it sees besides the weights: records say so.
  [[nodiscard]] virtual DataUse data_use() const = 0;
  /// False: every seed gives the same selection.
  [[nodiscard]] virtual bool uses_seed() const = 0;
  /// round_to as in make_uniform_plan. Throws Error(kInvalidArgument) for a ratio or rounding outside its range,
  /// Error(kUnsupported) where the model's architecture has no place for what the method changes, Error(kNumerical)
  /// naming layer and neuron where a score is not finite, and what `progress` throws.
  [[nodiscard]] virtual Selection select(double ratio, std::int64_t round_to, std::uint64_t seed,
                                         Progress& progress) = 0;
};

/// `calibration`: token ids [B, T >= 2] int64, undefined where no text was given. Throws as `make_planner`.
using MakePlanner = std::function<std::unique_ptr<Planner>(const MethodOptions& options, const PlannerModel& model,
                                                           const torch::Tensor& calibration)>;

/// Methods by the name that recipes give them, in the order in which people are shown them:
///   PlannerRegistry planners = built_in_planners();
///   planners.add("mine", make_mine);
using PlannerRegistry = Registry<MakePlanner>;

/// docs/methods.md lists them.
[[nodiscard]] PlannerRegistry built_in_planners();

/// The planner of a method and its options as they stand in a recipe: an object whose key "name" is the method's.
///
/// Throws Error(kInvalidArgument) for unknown names and keys and for values outside their range, naming key, value and
/// what is known, and for a method that needs calibration text where there is none.
[[nodiscard]] std::unique_ptr<Planner> make_planner(const nlohmann::json& options, const PlannerModel& model,
                                                    const torch::Tensor& calibration,
                                                    const PlannerRegistry& planners = built_in_planners());

}  // namespace prunenet
