#include "prunenet/train/tensor_schatten2.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "prunenet/core/rng.h"
#include "prunenet/policy/keep_set.h"
#include "prunenet/spectral/schatten2.h"
#include "prunenet/train/trainer.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;

MatrixF normal_matrix(Eigen::Index rows, Eigen::Index columns, Rng& rng) {
  return MatrixF::NullaryExpr(rows, columns, [&rng] { return static_cast<float>(rng.normal()); });
}

torch::Tensor drawn_rankings(std::int64_t samples, std::int64_t neurons, Rng& rng) {
  return sample_rankings(std::vector<float>(static_cast<std::size_t>(neurons), 0.0F), samples, rng).rankings;
}

/// The tensor form on a device beside the Eigen form: the same numbers to single precision.
void expect_the_eigen_form(const MatrixF& coupling, const torch::Tensor& rankings, std::int64_t kept,
                           const torch::Device& device) {
  const auto expected = make_keep_set_distortion(Schatten2::from_coupling(coupling));
  const auto actual = make_tensor_schatten2(coupling, device);
  const SwapRewards swaps = actual->swaps(rankings.to(device), kept);
  const SwapRewards expected_swaps = expected->swaps(rankings, kept);
  ASSERT_EQ(swaps.advantages.device().type(), device.type());
  EXPECT_EQ(swaps.distortions, (*actual)(rankings.to(device), kept));
  for (std::size_t m = 0; m < swaps.distortions.size(); ++m) {
    EXPECT_NEAR(swaps.distortions[m], expected_swaps.distortions[m], 1e-5) << "sample " << m;
  }
  // Logarithms of distortions that are no smaller than about 1e-2 here.
  const double residual = (swaps.advantages.cpu() - expected_swaps.advantages).abs().max().item<double>();
  EXPECT_LT(residual, 1e-3);
}

void expect_the_eigen_form(const torch::Device& device) {
  Rng rng(6);
  const MatrixF responses = normal_matrix(60, 24, rng);
  const MatrixF coupling = response_coupling(normal_matrix(8, 24, rng), responses.transpose() * responses / 60.0F);
  for (const std::int64_t kept : {1, 11, 20}) {
    expect_the_eigen_form(coupling, drawn_rankings(3, 24, rng), kept, device);
  }
}

TEST(TensorSchatten2, IsTheEigenForm) {
  expect_the_eigen_form(torch::kCPU);
}

TEST(TensorSchatten2, IsTheEigenFormOnCuda) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "this libtorch finds no CUDA device";
  expect_the_eigen_form(torch::kCUDA);
}

/// Two layers with couplings, in either form.
class CoupledEnvironment final : public Environment {
 public:
  CoupledEnvironment(bool as_tensors, const torch::Device& device) {
    Rng rng(9);
    for (int layer = 0; layer < 2; ++layer) {
      const MatrixF responses = normal_matrix(60, 24, rng);
      MatrixF coupling = response_coupling(normal_matrix(8, 24, rng), responses.transpose() * responses / 60.0F);
      features_.push_back(to_tensor(normal_matrix(24, 5, rng)).to(device));
      rewards_.push_back(as_tensors ? make_tensor_schatten2(coupling, device)
                                    : make_keep_set_distortion(Schatten2::from_coupling(std::move(coupling))));
    }
  }
  [[nodiscard]] std::int64_t num_layers() const override { return 2; }
  [[nodiscard]] const torch::Tensor& features(std::int64_t layer) const override { return features_.at(at(layer)); }
  [[nodiscard]] std::vector<double> distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                std::int64_t kept) const override {
    return (*rewards_.at(at(layer)))(rankings, kept);
  }
  [[nodiscard]] SwapRewards swap_rewards(std::int64_t layer, const torch::Tensor& rankings,
                                         std::int64_t kept) const override {
    return rewards_.at(at(layer))->swaps(rankings, kept);
  }
  [[nodiscard]] std::vector<double> held_out_distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                         std::int64_t kept) const override {
    return distortions(layer, rankings, kept);
  }

 private:
  static std::size_t at(std::int64_t layer) { return static_cast<std::size_t>(layer); }
  std::vector<torch::Tensor> features_;
  std::vector<std::unique_ptr<KeepSetDistortion>> rewards_;
};

/// Same seed, same noise: a few steps there are those with the Eigen form here, to rounding; and so after a resumption.
void expect_the_same_training(Estimator estimator, const torch::Device& device) {
  TrainOptions options;
  options.steps = 8;
  options.validate_every = 4;
  options.network = {.hidden = 8, .depth = 2};
  options.estimator = estimator;
  const CoupledEnvironment here(false, torch::kCPU);
  const CoupledEnvironment there(true, device);
  Trainer expected(here, options);
  Trainer first(there, options, device);
  while (!expected.done()) expected.step();
  for (int step = 0; step < 5; ++step) first.step();
  Trainer actual(there, options, device);
  actual.restore(first.state());
  while (!actual.done()) actual.step();
  const auto parameters = actual.best_policy()->named_parameters();
  for (const auto& parameter : expected.best_policy()->named_parameters()) {
    const torch::Tensor& trained = parameters[parameter.key()];
    ASSERT_TRUE(trained.is_cpu());
    EXPECT_LT((trained - parameter.value()).abs().max().item<double>(), 1e-3) << parameter.key();
  }
  EXPECT_NEAR(actual.best_reward(), expected.best_reward(), 1e-3);
}

TEST(TensorSchatten2, TrainsThePolicyOfTheEigenForm) {
  expect_the_same_training(Estimator::kConditional, torch::kCPU);
  expect_the_same_training(Estimator::kRloo, torch::kCPU);
}

TEST(TensorSchatten2, TrainsThePolicyOfTheEigenFormOnCuda) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "this libtorch finds no CUDA device";
  expect_the_same_training(Estimator::kConditional, torch::kCUDA);
  expect_the_same_training(Estimator::kRloo, torch::kCUDA);
}

TEST(TensorSchatten2, WhatItCannotBeMadeOf) {
  expect_error(ErrorKind::kInvalidArgument, {"2 x 3"},
               [] { (void)make_tensor_schatten2(MatrixF::Ones(2, 3), torch::kCPU); });
  expect_error(ErrorKind::kNumerical, {"3 neurons", "no energy"},
               [] { (void)make_tensor_schatten2(MatrixF::Zero(3, 3), torch::kCPU); });
  MatrixF damaged = MatrixF::Ones(3, 3);
  damaged(1, 2) = std::numeric_limits<float>::infinity();
  expect_error(ErrorKind::kNumerical, {"coupling of 3 neurons"},
               [&] { (void)make_tensor_schatten2(damaged, torch::kCPU); });
}

}  // namespace
}  // namespace prunenet
