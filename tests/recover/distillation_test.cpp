#include "prunenet/teach/distillation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/goldens.h"

namespace prunenet {
namespace {

/// 40 tokens, d = 6, vocabulary 30.
struct Case {
  torch::Tensor states, teacher_logits, next;
  LogitRule rule;

  Case() {
    torch::manual_seed(3);
    states = torch::randn({40, 6});
    teacher_logits = torch::randn({40, 30}) * 2.0;
    next = torch::randint(0, 30, {40}, torch::kInt64);
    rule.projection = torch::randn({30, 6});
  }
};

/// The definition, by libtorch's own autograd in double.
struct Direct {
  double divergence = 0.0;
  double next_token = 0.0;
  torch::Tensor gradient;
};

Direct direct(const Case& test, std::int64_t top, const DistillationRule& rule, const torch::Tensor& counts) {
  const double tau = rule.temperature;
  const torch::Tensor states = test.states.to(torch::kFloat64).requires_grad_();
  LogitRule wide = test.rule;
  wide.projection = wide.projection.to(torch::kFloat64);
  if (wide.bias.defined()) wide.bias = wide.bias.to(torch::kFloat64);
  const torch::Tensor z = logits_of(states, wide);
  const torch::Tensor log_q = torch::log_softmax(z / tau, 1);
  const torch::Tensor log_p = torch::log_softmax(test.teacher_logits.to(torch::kFloat64) / tau, 1);
  const auto ids = std::get<1>(log_p.topk(top, 1));
  const torch::Tensor p = log_p.exp().gather(1, ids);
  torch::Tensor divergence = (p * (p.log() - log_q.gather(1, ids))).sum();
  if (top < log_p.size(1)) {
    const torch::Tensor p_rest = 1.0 - p.sum(1);
    const torch::Tensor q_rest = 1.0 - log_q.exp().gather(1, ids).sum(1);
    divergence = divergence + (p_rest * (p_rest / q_rest).log()).sum();
  }
  const torch::Tensor next_token =
      -(torch::log_softmax(z, 1).gather(1, test.next.unsqueeze(1)).squeeze(1) * counts).sum();
  (tau * tau * divergence + rule.next_token_weight * next_token).backward();
  return {divergence.item<double>(), next_token.item<double>(), states.grad()};
}

void expect_agreement(const Case& test, std::int64_t top, const DistillationRule& rule) {
  const torch::Tensor counts = torch::arange(40).remainder(3).ne(0);
  const torch::Tensor next = test.next.masked_fill(counts.logical_not(), -1);
  const TeacherTokens teacher = teacher_tokens(test.teacher_logits, top, rule.temperature);
  const DistillationLoss loss = distillation_loss(test.states, test.rule, teacher, next, rule, true);
  const Direct expected = direct(test, top, rule, counts.to(torch::kFloat64));
  EXPECT_NEAR(loss.divergence, expected.divergence, 1e-5 * expected.divergence);
  if (rule.next_token_weight > 0.0) {
    EXPECT_NEAR(loss.next_token, expected.next_token, 1e-5 * expected.next_token);
  }
  const double residual = testing::largest_difference(loss.gradient.to(torch::kFloat64), expected.gradient);
  EXPECT_LT(residual, 1e-5 * expected.gradient.abs().max().item<double>()) << "rounding of float";
}

TEST(Distillation, OfStatesOnAGpuIsTheSame) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "this libtorch finds no CUDA device";
  const Case test;
  const DistillationRule rule{.next_token_weight = 0.5};
  const TeacherTokens teacher = teacher_tokens(test.teacher_logits, 5, rule.temperature);
  const DistillationLoss expected = distillation_loss(test.states, test.rule, teacher, test.next, rule, true);
  LogitRule there = test.rule;
  there.projection = there.projection.cuda();
  const DistillationLoss loss = distillation_loss(test.states.cuda(), there, teacher, test.next, rule, true);
  EXPECT_NEAR(loss.divergence, expected.divergence, 1e-4 * expected.divergence);
  EXPECT_NEAR(loss.next_token, expected.next_token, 1e-4 * expected.next_token);
  EXPECT_TRUE(loss.gradient.is_cuda());
  EXPECT_LT(testing::largest_difference(loss.gradient.cpu(), expected.gradient), 1e-4);
}

TEST(Distillation, IsTheDirectComputationAndItsGradient) {
  for (const std::int64_t top : {1, 5, 29, 30}) {
    for (const double temperature : {1.0, 2.5}) {
      for (const double weight : {0.0, 0.7}) {
        SCOPED_TRACE("top " + std::to_string(top) + ", temperature " + std::to_string(temperature));
        expect_agreement({}, top, {.temperature = temperature, .next_token_weight = weight});
      }
    }
  }
}

TEST(Distillation, KnowsBiasDivisorAndCapOfLogits) {
  Case test;
  test.rule.bias = torch::randn({30});
  expect_agreement(test, 5, {.next_token_weight = 0.5});
  test.rule.divisor = 3.0;
  test.rule.softcap = 1.5;
  expect_agreement(test, 5, {.temperature = 2.0, .next_token_weight = 0.5});
}

TEST(Distillation, AStudentThatSaysTheSameHasNoLossAndNoGradient) {
  Case test;
  test.teacher_logits = logits_of(test.states, test.rule);
  const TeacherTokens teacher = teacher_tokens(test.teacher_logits, 0, 1.0);
  const DistillationLoss loss = distillation_loss(test.states, test.rule, teacher, test.next, {}, true);
  EXPECT_NEAR(loss.divergence, 0.0, 1e-4);
  EXPECT_LT(loss.gradient.abs().max().item<double>(), 1e-5);
}

TEST(Distillation, FewerTokensToldApartNeverDivergeMore) {
  const Case test;
  double last = 0.0;
  for (const std::int64_t top : {1, 2, 4, 8, 16, 30}) {
    const TeacherTokens teacher = teacher_tokens(test.teacher_logits, top, 1.0);
    const double found = distillation_loss(test.states, test.rule, teacher, test.next, {}, false).divergence;
    EXPECT_GE(found, last * (1.0 - 1e-6)) << top;
    last = found;
  }
}

TEST(Distillation, ChunksOfRowsAddUp) {
  Case test;
  test.rule.projection = torch::randn({3'000'000, 6});  // 2 rows at once
  test.states = test.states.narrow(0, 0, 5);
  const TeacherTokens teacher = teacher_tokens(torch::randn({5, 100}), 20, 1.0);
  const DistillationLoss whole = distillation_loss(test.states, test.rule, teacher, test.next, {}, true);
  double divergence = 0.0;
  for (std::int64_t row = 0; row < 5; ++row) {
    const DistillationLoss part = distillation_loss(test.states.narrow(0, row, 1), test.rule, teacher.rows(row, 1),
                                                    test.next.narrow(0, row, 1), {}, true);
    divergence += part.divergence;
    EXPECT_LT(testing::largest_difference(part.gradient[0], whole.gradient[row]),
              1e-5 * whole.gradient.abs().max().item<double>());
  }
  EXPECT_NEAR(divergence, whole.divergence, 1e-6 * divergence);
}

TEST(TeacherTokens, AreTheLargestWithTheirLogProbabilities) {
  const Case test;
  const TeacherTokens teacher = teacher_tokens(test.teacher_logits, 4, 2.0);
  const auto [values, ids] = torch::log_softmax(test.teacher_logits / 2.0, 1).topk(4, 1);
  EXPECT_TRUE(torch::equal(teacher.ids.to(torch::kInt64), ids));
  EXPECT_LT(testing::largest_difference(teacher.log_probabilities, values), 1e-6);
  EXPECT_EQ(teacher_tokens(test.teacher_logits, 0, 1.0).ids.size(1), 30);
}

}  // namespace
}  // namespace prunenet
