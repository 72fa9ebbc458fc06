#include "prunenet/baselines/planner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

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
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

struct Method {
  const char* name;
  std::unique_ptr<Planner> (*make)(const MethodOptions& options, const PlannerModel& model,
                                   const torch::Tensor& calibration);
};

/// In the order in which people are shown them: by what they look at.
constexpr std::array<Method, 9> kMethods{{{"random", &make_random_planner},
                                          {"magnitude", &make_magnitude_planner},
                                          {"leverage", &make_leverage_planner},
                                          {"prunenet", &make_prunenet_planner},
                                          {"response", &make_response_planner},
                                          {"wanda-sp", &make_wanda_planner},
                                          {"flap", &make_flap_planner},
                                          {"llm-pruner", &make_llm_pruner_planner},
                                          {"block-influence", &make_block_influence_planner}}};

}  // namespace

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

std::unique_ptr<Planner> make_planner(const nlohmann::json& options, const PlannerModel& model,
                                      const torch::Tensor& calibration) {
  const MethodOptions method(options);
  for (const Method& known : kMethods) {
    if (method.name() == known.name) return known.make(method, model, calibration);
  }
  throw Error(ErrorKind::kInvalidArgument, fmt::format("method '{}' is unknown; known are {}", printable(method.name()),
                                                       fmt::join(planner_names(), ", ")));
}

std::vector<std::string> planner_names() {
  std::vector<std::string> names;
  names.reserve(kMethods.size());
  for (const Method& method : kMethods) names.emplace_back(method.name);
  return names;
}

}  // namespace prunenet
