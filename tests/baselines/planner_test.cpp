// What all planners have in common.

#include "prunenet/baselines/planner.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "baselines/loaded_model.h"
#include "prunenet/baselines/score_planner.h"
#include "support/expect_error.h"
#include "support/recording_progress.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::LoadedModel;
using testing::RecordingProgress;

struct Method {
  std::string name;
  DataUse data;
  bool uses_seed;
  bool uniform = true;  ///< one width for all layers
  bool nested = true;   ///< over ratios
  bool slow = true;     ///< reports progress
  bool trains = false;  ///< a policy, at each selection
};

const std::vector<Method>& methods() {
  static const std::vector<Method> all{
      {"random", DataUse::kNone, true, true, true, false},
      {"magnitude", DataUse::kNone, false, true, true, false},
      {"leverage", DataUse::kNone, false},
      {"prunenet", DataUse::kNone, true, true, false, true, true},
      {"response", DataUse::kSelfSampled, true},
      {"wanda-sp", DataUse::kCalibration, false, true, false},
      {"flap", DataUse::kCalibration, false},
      {"llm-pruner", DataUse::kCalibration, false},
      {"block-influence", DataUse::kCalibration, false, false},
  };
  return all;
}

std::vector<Method> methods_where(bool (*holds)(const Method&)) {
  std::vector<Method> some;
  std::ranges::copy_if(methods(), std::back_inserter(some), holds);
  return some;
}

nlohmann::json quick_options(const std::string& name) {
  nlohmann::json options{{"name", name}};
  if (name == "prunenet") options["episodes"] = 2;
  if (name == "response") options["probe"] = {{"tokens", 200}, {"sequence_length", 20}};
  return options;
}

class PlannerContract : public ::testing::TestWithParam<Method> {
 protected:
  [[nodiscard]] std::unique_ptr<Planner> planner() const {
    const bool calibrated = GetParam().data == DataUse::kCalibration;
    return model_.planner(quick_options(GetParam().name), calibrated ? ids_ : torch::Tensor());
  }

  LoadedModel model_;
  torch::Tensor ids_ = testing::random_ids(model_.network, 4, 20);
};

/// The parts of the contract that not every method is under.
class NestedPlanner : public PlannerContract {};
class SlowPlanner : public PlannerContract {};
class WeighingPlanner : public PlannerContract {};
class CalibratedPlanner : public PlannerContract {};

TEST_P(PlannerContract, SaysWhatItLooksAt) {
  EXPECT_EQ(planner()->data_use(), GetParam().data);
  EXPECT_EQ(planner()->uses_seed(), GetParam().uses_seed);
}

TEST_P(PlannerContract, PlansFitTheModel) {
  const auto made = planner();
  for (const double ratio : {0.0, 0.3, 0.95}) {
    for (const std::int64_t round_to : {1, 4}) {
      const Selection selection = made->select(ratio, round_to, 3, model_.silent);
      const Plan& plan = selection.plan;
      check_plan_fits(plan, 2, 24);
      EXPECT_EQ(plan.requested_ratio, ratio);
      EXPECT_EQ(plan.round_to, round_to);
      EXPECT_TRUE(plan.source.starts_with(GetParam().name)) << plan.source;
      EXPECT_EQ(selection.curve.is_null(), !GetParam().trains || ratio == 0.0);
      EXPECT_TRUE(selection.down_bias.empty());
      for (const auto& keep : plan.keep_indices) {
        EXPECT_TRUE(std::ranges::adjacent_find(keep, std::greater_equal<>()) == keep.end());
        EXPECT_TRUE(keep.empty() || (keep.front() >= 0 && keep.back() < 24));
      }
      if (GetParam().uniform) {
        EXPECT_EQ(plan.uniform_width(), width_for_ratio(24, ratio, round_to));
        EXPECT_EQ(plan_from_json(to_json(plan)).keep_indices, plan.keep_indices);
      }
    }
  }
}

TEST_P(PlannerContract, SameSeedSameSelectionOthersWhereItMatters) {
  const auto select = [this](std::uint64_t seed) {
    return planner()->select(0.5, 1, seed, model_.silent).plan.keep_indices;
  };
  const auto first = select(1);
  EXPECT_EQ(select(1), first);
  EXPECT_EQ(select(2) != first, GetParam().uses_seed);
}

TEST_P(NestedPlanner, SmallerSetsAreNested) {
  const auto made = planner();
  auto larger = made->select(0.1, 1, 3, model_.silent).plan.keep_indices;
  for (const double ratio : {0.3, 0.5, 0.6, 0.9}) {
    const auto smaller = made->select(ratio, 1, 3, model_.silent).plan.keep_indices;
    for (std::size_t layer = 0; layer < 2; ++layer) {
      EXPECT_TRUE(std::ranges::includes(larger[layer], smaller[layer])) << ratio;
    }
    larger = smaller;
  }
}

TEST_P(PlannerContract, WhatDoesNotDependOnTheRatioIsComputedOnce) {
  const auto made = planner();
  RecordingProgress progress;
  (void)made->select(0.3, 1, 3, progress);
  EXPECT_EQ(progress.advances > 0, GetParam().slow);
  EXPECT_EQ(progress.done, progress.totals);
  RecordingProgress again;
  (void)made->select(0.5, 1, 3, again);
  EXPECT_EQ(again.advances > 0, !GetParam().nested);
  RecordingProgress other_seed;
  (void)made->select(0.5, 1, 4, other_seed);
  EXPECT_EQ(other_seed.advances > 0, GetParam().slow && (!GetParam().nested || GetParam().uses_seed));
}

TEST_P(PlannerContract, RatiosAndRoundingOutsideTheirRange) {
  const auto made = planner();
  expect_error(ErrorKind::kInvalidArgument, {"ratio 0.96"}, [&] { (void)made->select(0.96, 1, 0, model_.silent); });
  expect_error(ErrorKind::kInvalidArgument, {"ratio -0.1"}, [&] { (void)made->select(-0.1, 1, 0, model_.silent); });
  expect_error(ErrorKind::kInvalidArgument, {"25", "24"}, [&] { (void)made->select(0.3, 25, 0, model_.silent); });
}

TEST_P(SlowPlanner, InterruptedItStopsAndCanBeAskedAgain) {
  const auto made = planner();
  RecordingProgress interrupted(1);
  expect_error(ErrorKind::kInterrupted, {"stopped"}, [&] { (void)made->select(0.3, 1, 3, interrupted); });
  EXPECT_EQ(made->select(0.3, 1, 3, model_.silent).plan.keep_indices,
            planner()->select(0.3, 1, 3, model_.silent).plan.keep_indices);
}

TEST_P(WeighingPlanner, WeightThatIsNotFinite) {
  DecoderWeights weights = model_.network.weights();
  weights.layers[1].down = weights.layers[1].down.clone();
  weights.layers[1].down[3][5] = std::numeric_limits<float>::quiet_NaN();
  const CausalLm broken(model_.network.config(), weights);
  const PlannerModel inputs{model_.checkpoint, *model_.family, broken};
  const auto made = make_planner(quick_options(GetParam().name), inputs, ids_);
  try {
    (void)made->select(0.3, 1, 0, model_.silent);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kNumerical) << error.what();
  }
}

TEST_P(PlannerContract, OptionItDoesNotHave) {
  nlohmann::json options = quick_options(GetParam().name);
  options["colour"] = "red";
  expect_error(ErrorKind::kInvalidArgument, {GetParam().name, "'colour'"},
               [&] { (void)model_.planner(options, ids_); });
}

TEST_P(CalibratedPlanner, CalibrationWhereItIsNeeded) {
  const nlohmann::json options = quick_options(GetParam().name);
  expect_error(ErrorKind::kInvalidArgument, {GetParam().name, "--calibration"}, [&] { (void)model_.planner(options); });
  for (const torch::Tensor& bad :
       {ids_.to(torch::kFloat), ids_[0], ids_.narrow(1, 0, 1), torch::empty({0, 4}, torch::kInt64)}) {
    expect_error(ErrorKind::kInvalidArgument, {GetParam().name, "int64"}, [&] { (void)model_.planner(options, bad); });
  }
}

std::string case_name(const ::testing::TestParamInfo<Method>& test) {
  std::string name = test.param.name;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Methods, PlannerContract, ::testing::ValuesIn(methods()), case_name);
INSTANTIATE_TEST_SUITE_P(Methods, NestedPlanner, ::testing::ValuesIn(methods_where([](const Method& method) {
                           return method.nested;  // what a sequential method sees depends on the ratio
                         })),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Methods, SlowPlanner,
                         ::testing::ValuesIn(methods_where([](const Method& method) { return method.slow; })),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Methods, WeighingPlanner, ::testing::ValuesIn(methods_where([](const Method& method) {
                           return method.name != "random" && method.name != "prunenet";  // which reads the gate alone
                         })),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Methods, CalibratedPlanner, ::testing::ValuesIn(methods_where([](const Method& method) {
                           return method.data == DataUse::kCalibration;
                         })),
                         case_name);

TEST(Planners, AreAllUnderTheContract) {
  std::vector<std::string> tested;
  for (const Method& method : methods()) tested.push_back(method.name);
  EXPECT_EQ(built_in_planners().names(), tested);
}

TEST(Planners, DefaultsOfTheirOptions) {
  LoadedModel model;
  const torch::Tensor ids = testing::random_ids(model.network, 2, 20);
  EXPECT_EQ(model.plan({{"name", "magnitude"}}, ids, 0.3).source, "magnitude of product");
  EXPECT_EQ(model.plan({{"name", "llm-pruner"}}, ids, 0.3).source, "llm-pruner param_first");
  EXPECT_EQ(model.plan({{"name", "flap"}}, ids, 0.3).source, "flap");
  EXPECT_EQ(model.plan({{"name", "random"}}, ids, 0.3, 5).source, "random, seed 5");
}

TEST(Planners, DataUseHasNames) {
  EXPECT_EQ(to_string(DataUse::kNone), "none");
  EXPECT_EQ(to_string(DataUse::kSelfSampled), "self-sampled");
  EXPECT_EQ(to_string(DataUse::kCalibration), "calibration");
}

TEST(PlannerErrors, MethodsThatAreNone) {
  const LoadedModel model;
  const auto make = [&](const nlohmann::json& options) { (void)model.planner(options); };
  expect_error(ErrorKind::kInvalidArgument, {"'wanda'", "unknown", "random, magnitude", "wanda-sp"}, [&] {
    make({{"name", "wanda"}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"\"flap\"", "object"}, [&] { make("flap"); });
  expect_error(ErrorKind::kInvalidArgument, {"matrix", "\"name\""}, [&] { make({{"matrix", "up"}}); });
  expect_error(ErrorKind::kInvalidArgument, {"7", "\"name\""}, [&] { make({{"name", 7}}); });
}

TEST(PlannerErrors, OptionsOutsideTheirRange) {
  const LoadedModel model;
  const torch::Tensor ids = testing::random_ids(model.network, 2, 20);
  const auto make = [&](const nlohmann::json& options) { (void)model.planner(options, ids); };
  expect_error(ErrorKind::kInvalidArgument, {"'matrix'", "'magnitude'", "\"left\"", "gate, up, down, product"}, [&] {
    make({{"name", "magnitude"}, {"matrix", "left"}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'taylor'", "'llm-pruner'", "2", "param_first, vectorize"}, [&] {
    make({{"name", "llm-pruner"}, {"taylor", 2}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'bias'", "'flap'", "\"yes\"", "true or false"}, [&] {
    make({{"name", "flap"}, {"bias", "yes"}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'probe'", "'response'", "4096"}, [&] {
    make({{"name", "response"}, {"probe", 4096}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"probe.token", "tokens"}, [&] {
    make({{"name", "response"}, {"probe", {{"token", 4096}}}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"tokens", "0"}, [&] {
    make({{"name", "response"}, {"probe", {{"tokens", 0}}}});
  });
}

TEST(PlannerErrors, BiasWhereTheCheckpointHasNone) {
  const LoadedModel model;
  const torch::Tensor ids = testing::random_ids(model.network, 2, 20);
  expect_error(ErrorKind::kUnsupported, {"'flap'", "no bias", "LlamaForCausalLM"}, [&] {
    SilentProgress progress;
    (void)model.planner({{"name", "flap"}, {"bias", true}}, ids)->select(0.3, 1, 0, progress);
  });
}

/// The first neurons stay.
class FirstStay final : public ScorePlanner {
 public:
  explicit FirstStay(const ModelConfig& config)
      : ScorePlanner("first", DataUse::kNone, false),
        scores_(static_cast<std::size_t>(config.num_hidden_layers),
                std::vector<float>(static_cast<std::size_t>(config.intermediate_size))) {
    for (auto& layer : scores_) std::iota(layer.rbegin(), layer.rend(), 0.0F);
  }

 protected:
  [[nodiscard]] NeuronScores score(std::uint64_t /*seed*/, Progress& /*progress*/) override { return scores_; }

 private:
  NeuronScores scores_;
};

TEST(PlannerRegistry, MakesAMethodThatWasAdded) {
  LoadedModel model;
  const PlannerModel inputs{model.checkpoint, *model.family, model.network};
  PlannerRegistry planners = built_in_planners();
  planners.add("first", [](const MethodOptions& options, const PlannerModel& at, const torch::Tensor&) {
    options.check_keys({});
    return std::make_unique<FirstStay>(at.family.config());
  });
  const auto first = make_planner({{"name", "first"}}, inputs, {}, planners);
  EXPECT_EQ(first->select(0.75, 1, 0, model.silent).plan.keep_indices.back(),
            (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  expect_error(ErrorKind::kInvalidArgument, {"'first'", "'speed'"}, [&] {
    (void)make_planner({{"name", "first"}, {"speed", 1}}, inputs, {}, planners);
  });
  expect_error(ErrorKind::kInvalidArgument, {"'last' is unknown", "block-influence, first"}, [&] {
    (void)make_planner({{"name", "last"}}, inputs, {}, planners);
  });
  expect_error(ErrorKind::kInvalidArgument, {"'first' is unknown"}, [&] {
    (void)make_planner({{"name", "first"}}, inputs, {});
  });
  planners.add("nothing", [](const MethodOptions&, const PlannerModel&, const torch::Tensor&) {
    return std::unique_ptr<Planner>();
  });
  expect_error(ErrorKind::kInvalidArgument, {"'nothing'", "not made"}, [&] {
    (void)make_planner({{"name", "nothing"}}, inputs, {}, planners);
  });
}

}  // namespace
}  // namespace prunenet
