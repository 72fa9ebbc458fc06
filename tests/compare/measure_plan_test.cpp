#include "prunenet/compare/measure_plan.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "baselines/loaded_model.h"
#include "prunenet/compare/recipe.h"
#include "prunenet/spectral/distortion_problem.h"
#include "prunenet/spectral/response_operator.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::LoadedModel;

struct Probed : LoadedModel {
  explicit Probed(std::int64_t exact_width = 4096) {
    const torch::NoGradGuard no_grad;
    ProbeOptions options;
    options.tokens = 128;
    options.sequence_length = 32;
    options.exact_width = exact_width;
    const torch::Tensor ids = torch::randint(network.config().vocab_size, {4, 32}, torch::kInt64);
    moments = collect_responses(network, ids, options, silent);
  }
  [[nodiscard]] Plan plan_of(double ratio) { return plan({{"name", "random"}}, {}, ratio, 3); }
  [[nodiscard]] PlanMeasurement measure(const Plan& plan, const std::vector<std::string>& names) {
    return measure_plan(checkpoint, *family, plan, moments, names, silent);
  }
  std::vector<ResponseMoments> moments;
};

TEST(MeasurePlan, IsZeroWhereEverythingStays) {
  Probed model;
  const PlanMeasurement measured = model.measure(model.plan_of(0.0), default_distortions());
  for (const auto& [name, layers] : measured.distortion.items()) {
    ASSERT_EQ(layers.size(), model.network.weights().layers.size()) << name;
    for (const double value : layers) EXPECT_NEAR(value, 0.0, 1e-12) << name;
  }
  EXPECT_EQ(measured.spectrum.at("dense"), measured.spectrum.at("pruned"));
}

TEST(MeasurePlan, AgreesWithOneProblemADistortion) {
  Probed model;
  const Plan plan = model.plan_of(0.4);
  const PlanMeasurement measured = model.measure(plan, default_distortions());
  for (std::size_t layer = 0; layer < plan.keep_indices.size(); ++layer) {
    const FfnWeights weights = read_ffn(model.checkpoint, *model.family, static_cast<std::int64_t>(layer));
    const auto response = std::make_shared<ResponseOperator>(weights.down.cast<double>(),
                                                             model.moments[layer].second_moment.cast<double>());
    const std::shared_ptr<const SpectralOperator> gate =
        make_weight_operator(OperatorKind::kGate, weights.gate, weights.up, weights.down);
    for (const auto& [name, layers] : measured.distortion.items()) {
      const Distortion kind = parse_distortion(name.substr(0, name.find(' ')));
      const bool of_gate = name == "ks of gate";
      const DistortionProblem problem(of_gate ? gate : response, kind);
      EXPECT_NEAR(layers[layer].get<double>(), problem.distortion(plan.keep_indices[layer]), 1e-9) << name;
    }
  }
}

TEST(MeasurePlan, IsZeroInLayersWithoutResponse) {
  for (const std::int64_t exact_width : {4096, 1}) {
    Probed model(exact_width);
    const auto neurons = model.network.config().intermediate_size;
    ResponseMoments& dead = model.moments[1];
    if (dead.is_exact()) {
      dead.second_moment.setZero();
    } else {
      dead.packed = PackedMatrix::pack(MatrixF::Zero(neurons, neurons));
    }
    const PlanMeasurement measured = model.measure(model.plan_of(0.4), {"schatten2 of response"});
    EXPECT_EQ(measured.distortion.at("schatten2 of response")[1], 0.0);
    EXPECT_GT(measured.distortion.at("schatten2 of response")[0], 0.0);
  }
}

TEST(MeasurePlan, NamesTheLayerWhoseMomentsAreNotFinite) {
  Probed model;
  model.moments[1].second_moment(0, 0) = std::numeric_limits<float>::quiet_NaN();
  testing::expect_error(ErrorKind::kNumerical, {"layer 1", "[0, 0]", "nan"},
                        [&] { (void)model.measure(model.plan_of(0.4), default_distortions()); });
}

TEST(MeasurePlan, TakesLayersWithoutNeurons) {
  Probed model;
  Plan plan = model.plan_of(0.0);
  plan.keep_indices[0].clear();
  const PlanMeasurement measured = model.measure(plan, default_distortions());
  for (const auto& [name, layers] : measured.distortion.items())
    EXPECT_NEAR(layers[0].get<double>(), 1.0, 1e-9) << name;
}

TEST(MeasurePlan, LeavesOutWhatPackedMomentsCannotTell) {
  Probed model(/*exact_width=*/1);
  const PlanMeasurement measured = model.measure(model.plan_of(0.4), default_distortions());
  EXPECT_TRUE(measured.distortion.contains("schatten2 of response"));
  EXPECT_TRUE(measured.distortion.contains("ks of gate"));
  EXPECT_FALSE(measured.distortion.contains("mirsky of response"));
  EXPECT_TRUE(measured.spectrum.is_null());
}

}  // namespace
}  // namespace prunenet
