#include "prunenet/model/token_loss.h"

#include <gtest/gtest.h>

#include "model/tiny_models.h"

namespace prunenet {
namespace {

struct Case {
  torch::Tensor hidden, projection, targets;
};

Case random_case(std::int64_t rows, std::int64_t vocabulary) {
  torch::manual_seed(4);
  return {torch::randn({rows, 6}), torch::randn({vocabulary, 6}), torch::randint(0, vocabulary, {rows}, torch::kInt64)};
}

torch::Tensor reference(const LogitRule& rule, const Case& sample, const torch::Tensor& hidden) {
  torch::Tensor logits = hidden.matmul(sample.projection.t()) / rule.divisor;
  if (rule.bias.defined()) logits = logits + rule.bias;
  if (rule.softcap > 0.0) logits = torch::tanh(logits / rule.softcap) * rule.softcap;
  const torch::Tensor log_p = torch::log_softmax(logits, 1);
  return -log_p.gather(1, sample.targets.unsqueeze(1)).squeeze(1);
}

TEST(TokenLoss, AgreesWithTheWholeLogSoftmaxOverSeveralChunks) {
  // Chunks hold 2^23 numbers: 4 rows of this vocabulary.
  const Case sample = random_case(11, 2'000'000);
  const torch::NoGradGuard no_grad;
  EXPECT_LT(testing::largest_difference(token_loss(sample.hidden, {.projection = sample.projection}, sample.targets),
                                        reference({}, sample, sample.hidden)),
            1e-5);
}

TEST(TokenLoss, GradientAgreesWithAutograd) {
  const Case sample = random_case(9, 50);
  const torch::Tensor weights = torch::randn({9});
  const torch::Tensor bias = torch::randn({50});
  for (const LogitRule& rule :
       {LogitRule{sample.projection}, LogitRule{sample.projection, bias}, LogitRule{sample.projection, {}, 3.0},
        LogitRule{sample.projection, {}, 1.0, 2.0}, LogitRule{sample.projection, bias, 0.5, 1.5}}) {
    const torch::Tensor ours = sample.hidden.clone().requires_grad_(true);
    const torch::Tensor theirs = sample.hidden.clone().requires_grad_(true);
    const torch::Tensor loss = token_loss(ours, rule, sample.targets);
    EXPECT_LT(testing::largest_difference(loss, reference(rule, sample, theirs)), 1e-5);
    loss.dot(weights).backward();
    reference(rule, sample, theirs).dot(weights).backward();
    EXPECT_LT(testing::largest_difference(ours.grad(), theirs.grad()), 1e-5);
  }
}

}  // namespace
}  // namespace prunenet
