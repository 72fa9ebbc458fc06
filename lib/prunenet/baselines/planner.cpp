#include "prunenet/baselines/planner.h"

#include "prunenet/baselines/block_influence.h"
#include "prunenet/baselines/flap.h"
#include "prunenet/baselines/leverage.h"
#include "prunenet/baselines/llm_pruner.h"
#include "prunenet/baselines/magnitude.h"
#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/prunenet_planner.h"
#include "prunenet/baselines/random.h"
#include "prunenet/baselines/response.h"
#include "prunenet/baselines/wanda.h"

namespace prunenet {

std::string_view to_string(DataUse data) {
  switch (data) {
    case DataUse::kNone:
      return "none";
    case DataUse::kSelfSampled:
      return "self-sampled";
    case DataUse::kCalibration:
      break;
  }
  return "calibration";
}

PlannerRegistry built_in_planners() {
  PlannerRegistry planners("method");  // ordered by what they look at
  planners.add("random", &make_random_planner)
      .add("magnitude", &make_magnitude_planner)
      .add("leverage", &make_leverage_planner)
      .add("prunenet", &make_prunenet_planner)
      .add("response", &make_response_planner)
      .add("wanda-sp", &make_wanda_planner)
      .add("flap", &make_flap_planner)
      .add("llm-pruner", &make_llm_pruner_planner)
      .add("block-influence", &make_block_influence_planner);
  return planners;
}

std::unique_ptr<Planner> make_planner(const nlohmann::json& options, const PlannerModel& model,
                                      const torch::Tensor& calibration, const PlannerRegistry& planners) {
  const MethodOptions method(options);
  return planners.make(method.name(), method, model, calibration);
}

}  // namespace prunenet
