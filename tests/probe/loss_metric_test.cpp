#include "prunenet/probe/loss_metric.h"

#include <gtest/gtest.h>

#include "model/tiny_models.h"
#include "prunenet/model/matrix_tensor.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;

std::vector<MatrixF> metrics_of(const CausalLm& model, const torch::Tensor& ids) {
  SilentProgress silent;
  return loss_metrics(model, ids, silent);
}

MatrixF down_of(const CausalLm& model, std::size_t layer) {
  return matrix_of(model.weights().layers[layer].down);
}

/// Positions that count of sequences of `tokens` tokens: all but the first and the last.
torch::Tensor counted(const torch::Tensor& rows, std::int64_t sequences, std::int64_t tokens) {
  return rows.view({sequences, tokens - 1, -1}).narrow(1, 1, tokens - 2).flatten(0, 1);
}

class LossMetricOfModel : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Variants, LossMetricOfModel, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

/// With q the gradient at h, q = D^T g: so D^T F D is the second moment of q.
TEST_P(LossMetricOfModel, IsThatOfTheGradientsAtTheActivations) {
  const CausalLm model = testing::load_tiny_model(GetParam());
  const torch::Tensor ids = testing::random_ids(model, 3, 9);
  std::vector<torch::Tensor> seen;
  const FfnHook mark = [&seen](const FfnActivations& at) {
    if (at.layer == 0) at.h.set_requires_grad(true);
    at.h.retain_grad();
    seen.push_back(at.h);
    return at.h;
  };
  model.token_nll(ids, mark).sum().backward();
  const std::vector<MatrixF> metrics = metrics_of(model, ids);
  ASSERT_EQ(metrics.size(), seen.size());
  for (std::size_t layer = 0; layer < metrics.size(); ++layer) {
    const MatrixF q = matrix_of(counted(seen[layer].grad(), 3, 9));
    const MatrixD expected = q.cast<double>().transpose() * q.cast<double>() / 21.0;
    const MatrixD down = down_of(model, layer).cast<double>();
    const MatrixD actual = down.transpose() * metrics[layer].cast<double>() * down;
    EXPECT_LT((actual - expected).norm(), 1e-4 * expected.norm()) << "layer " << layer;
  }
}

TEST(LossMetric, IsThatOfFiniteDifferences) {
  constexpr std::int64_t kTokens = 6;
  constexpr float kStep = 1e-2F;
  constexpr Eigen::Index kNeuron = 3;
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor ids = testing::random_ids(model, 1, kTokens);
  const std::vector<MatrixF> metrics = metrics_of(model, ids);
  const torch::NoGradGuard no_grad;
  for (std::size_t layer = 0; layer < metrics.size(); ++layer) {
    const auto loss_at = [&](std::int64_t position, float step) {
      const FfnHook shift = [&](const FfnActivations& at) {
        torch::Tensor h = at.h.clone();
        if (at.layer == static_cast<std::int64_t>(layer)) h[position][kNeuron] += step;
        return h;
      };
      return model.token_nll(ids, shift).to(torch::kFloat64).sum().item<double>();
    };
    double squares = 0.0;
    for (std::int64_t position = 1; position < kTokens - 1; ++position) {
      const double slope = (loss_at(position, kStep) - loss_at(position, -kStep)) / (2.0 * kStep);
      squares += slope * slope / static_cast<double>(kTokens - 2);
    }
    const VectorF column = down_of(model, layer).col(kNeuron);
    const double actual = column.dot(metrics[layer] * column);
    EXPECT_NEAR(actual / squares, 1.0, 2e-2) << "layer " << layer;  // of losses in single precision
  }
}

TEST(LossMetric, IsTheMeanOverSequences) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor ids = testing::random_ids(model, 2, 9);
  const std::vector<MatrixF> both = metrics_of(model, ids);
  const std::vector<MatrixF> first = metrics_of(model, ids.narrow(0, 0, 1));
  const std::vector<MatrixF> second = metrics_of(model, ids.narrow(0, 1, 1));
  for (std::size_t layer = 0; layer < both.size(); ++layer) {
    const MatrixF mean = (first[layer] + second[layer]) / 2.0F;
    EXPECT_LT((both[layer] - mean).norm(), 1e-5F * mean.norm()) << "layer " << layer;
  }
}

TEST(LossMetric, LeavesTheWeightsWithoutGradients) {
  const CausalLm model = testing::load_tiny_model();
  (void)metrics_of(model, testing::random_ids(model, 1, 9));
  EXPECT_FALSE(model.weights().layers[0].down.requires_grad());
  EXPECT_FALSE(model.weights().embedding.grad().defined());
}

TEST(LossMetricErrors, StreamedModelsShortTextsAndGradientsThatAreNotFinite) {
  const testing::LoadedTinyModel streamed("llama-grouped-tied", {.stream = true});
  expect_error(ErrorKind::kInvalidArgument, {"probe.loss_metric", "--stream"},
               [&] { (void)metrics_of(streamed.model, testing::random_ids(streamed.model, 1, 9)); });
  const CausalLm model = testing::load_tiny_model();
  expect_error(ErrorKind::kInvalidArgument, {"sequences of 2 tokens", "at least 3"},
               [&] { (void)metrics_of(model, testing::random_ids(model, 4, 2)); });
  DecoderWeights weights = model.weights();
  weights.output_projection = weights.output_projection * 1e38F;
  expect_error(ErrorKind::kNumerical, {"layer 0", "gradient", "not finite"}, [&] {
    (void)metrics_of({model.config(), weights}, testing::random_ids(model, 1, 9));
  });
}

}  // namespace
}  // namespace prunenet
