#include "prunenet/policy/keep_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include "support/expect_error.h"

namespace prunenet {
namespace {

// Oracle: the product written out, p(o_1) p(o_2 | o_1) ..., in double.
double naive_log_probability(const std::vector<double>& scores, const std::vector<std::int64_t>& ranking, int kept) {
  double log_probability = 0.0;
  for (int j = 0; j < kept; ++j) {
    double remaining = 0.0;
    for (std::size_t i = static_cast<std::size_t>(j); i < ranking.size(); ++i) {
      remaining += std::exp(scores[static_cast<std::size_t>(ranking[i])]);
    }
    log_probability += scores[static_cast<std::size_t>(ranking[static_cast<std::size_t>(j)])] - std::log(remaining);
  }
  return log_probability;
}

torch::Tensor as_tensor(const std::vector<double>& scores) {
  return torch::tensor(std::vector<double>(scores), torch::kFloat64);
}

TEST(PlackettLuce, EqualsTheWrittenOutProduct) {
  const std::vector<double> scores{0.3, -1.2, 2.0, 0.0, 0.7};
  std::vector<std::int64_t> ranking{2, 0, 4, 1, 3};
  for (int kept = 1; kept <= 5; ++kept) {
    const torch::Tensor value =
        plackett_luce_log_probability(as_tensor(scores), torch::tensor(ranking, torch::kInt64).unsqueeze(0), kept);
    EXPECT_NEAR(value.item<double>(), naive_log_probability(scores, ranking, kept), 1e-12) << "kept " << kept;
  }
}

TEST(PlackettLuce, ProbabilitiesOfAllOrderedKeepSetsSumToOne) {
  const torch::Tensor scores = as_tensor({0.5, -0.4, 1.1, 0.0});
  for (const int kept : {1, 2, 3, 4}) {
    std::vector<std::int64_t> ranking{0, 1, 2, 3};
    std::map<std::vector<std::int64_t>, double> prefixes;
    do {
      const std::vector<std::int64_t> prefix(ranking.begin(), ranking.begin() + kept);
      prefixes[prefix] =
          std::exp(plackett_luce_log_probability(scores, torch::tensor(ranking, torch::kInt64).unsqueeze(0), kept)
                       .item<double>());
    } while (std::next_permutation(ranking.begin(), ranking.end()));
    double total = 0.0;
    for (const auto& [prefix, probability] : prefixes) total += probability;
    EXPECT_NEAR(total, 1.0, 1e-12) << "kept " << kept;
  }
}

TEST(PlackettLuce, GradientEqualsFiniteDifferences) {
  const std::vector<double> values{0.3, -1.2, 2.0, 0.0, 0.7};
  const torch::Tensor ranking = torch::tensor({4, 2, 1, 0, 3}, torch::kInt64).unsqueeze(0);
  const torch::Tensor scores = as_tensor(values).set_requires_grad(true);
  plackett_luce_log_probability(scores, ranking, 3).sum().backward();
  for (std::size_t i = 0; i < values.size(); ++i) {
    constexpr double kStep = 1e-6;
    std::vector<double> up = values;
    std::vector<double> down = values;
    up[i] += kStep;
    down[i] -= kStep;
    const double difference = (plackett_luce_log_probability(as_tensor(up), ranking, 3).item<double>() -
                               plackett_luce_log_probability(as_tensor(down), ranking, 3).item<double>()) /
                              (2 * kStep);
    EXPECT_NEAR(scores.grad()[static_cast<std::int64_t>(i)].item<double>(), difference, 1e-8) << "neuron " << i;
  }
}

TEST(SampleRankings, FollowPlackettLuce) {
  const std::vector<float> scores{0.0F, 1.0F, -0.5F};
  constexpr std::int64_t kDraws = 60'000;
  Rng rng(11);
  const torch::Tensor rankings = sample_rankings(scores, kDraws, rng).rankings;
  std::map<std::vector<std::int64_t>, int> counts;
  for (std::int64_t m = 0; m < kDraws; ++m) {
    const auto* row = rankings.data_ptr<std::int64_t>() + m * 3;
    ++counts[{row[0], row[1], row[2]}];
  }
  std::vector<std::int64_t> ranking{0, 1, 2};
  do {
    const double p = std::exp(naive_log_probability({0.0, 1.0, -0.5}, ranking, 3));
    const double error = 5 * std::sqrt(p * (1 - p) / kDraws);  // five standard errors
    EXPECT_NEAR(counts[ranking] / static_cast<double>(kDraws), p, error);
  } while (std::next_permutation(ranking.begin(), ranking.end()));
}

TEST(SampleRankings, SameSeedSameDraws) {
  const std::vector<float> scores(100, 0.0F);
  Rng first(3);
  Rng second(3);
  EXPECT_TRUE(torch::equal(sample_rankings(scores, 4, first).rankings, sample_rankings(scores, 4, second).rankings));
}

TEST(SampleRankings, KeysDescendAlongEachRanking) {
  const std::vector<float> scores{0.5F, -0.5F, 0.0F, 2.0F};
  Rng rng(8);
  const RankingSamples samples = sample_rankings(scores, 50, rng);
  EXPECT_TRUE((samples.keys.narrow(1, 0, 3) >= samples.keys.narrow(1, 1, 3)).all().item<bool>());
}

/// On the CPU and, where there is one, on a CUDA device: the draws of the plain form.
void expect_the_same_draws(const torch::Device& device) {
  const torch::Tensor scores = torch::tensor({0.5F, -0.5F, 0.0F, 2.0F, 0.0F});
  Rng first(12);
  Rng second(12);
  const RankingSamples expected = sample_rankings({scores.data_ptr<float>(), 5}, 20, first);
  const RankingSamples actual = sample_rankings(scores.to(device), 20, second);
  EXPECT_EQ(actual.rankings.device().type(), device.type());
  EXPECT_TRUE(torch::equal(actual.rankings.cpu(), expected.rankings));
  EXPECT_TRUE(torch::equal(actual.keys.cpu(), expected.keys));
  EXPECT_EQ(first.state(), second.state());
}

TEST(SampleRankings, OfATensorAreTheSameDraws) {
  expect_the_same_draws(torch::kCPU);
}

TEST(SampleRankings, OfATensorOnCudaAreTheSameDraws) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "this libtorch finds no CUDA device";
  expect_the_same_draws(torch::kCUDA);
}

TEST(SampleRankings, OfATensorThatIsNotFinite) {
  Rng rng(1);
  testing::expect_error(ErrorKind::kNumerical, {"neuron 1 of 2", "inf"}, [&] {
    (void)sample_rankings(torch::tensor({0.0F, std::numeric_limits<float>::infinity()}), 2, rng);
  });
}

TEST(SampleRankings, ScoreThatIsNotFiniteIsAnError) {
  std::vector<float> scores(10, 0.0F);
  scores[7] = std::numeric_limits<float>::quiet_NaN();
  Rng rng(1);
  testing::expect_error(ErrorKind::kNumerical, {"neuron 7 of 10", "nan"},
                        [&] { (void)sample_rankings(scores, 2, rng); });
}

TEST(SampleRankings, SaturatedScoresDrawTheirOrderAndEqualOnesTheirIndex) {
  Rng rng(1);
  const RankingSamples ordered = sample_rankings(std::vector<float>{-1e30F, 1e30F, 0.0F, 1e20F}, 3, rng);
  EXPECT_TRUE(torch::equal(ordered.rankings, torch::tensor({1, 3, 2, 0}, torch::kInt64).expand({3, 4})));
  // Beside 1e30 no noise is left.
  const RankingSamples equal = sample_rankings(std::vector<float>(4, 1e30F), 3, rng);
  EXPECT_TRUE(torch::equal(equal.rankings, torch::arange(4).expand({3, 4})));
}

TEST(PlackettLuce, SaturatedScoresHaveFiniteProbabilitiesAndGradients) {
  for (const std::vector<float>& values :
       {std::vector<float>{1e30F, -1e30F, 0.0F, 1e30F}, {1e30F, 1e30F, 1e30F, 1e30F}}) {
    Rng rng(2);
    const RankingSamples samples = sample_rankings(values, 2, rng);
    const torch::Tensor scores = torch::tensor(values).set_requires_grad(true);
    const torch::Tensor logarithm = plackett_luce_log_probability(scores, samples.rankings, 2);
    EXPECT_TRUE(logarithm.isfinite().all().item<bool>()) << logarithm;
    logarithm.sum().backward();
    EXPECT_TRUE(scores.grad().isfinite().all().item<bool>()) << scores.grad();
    const torch::Tensor gradient = keep_probability_gradient(scores, samples, 2);
    EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << gradient;
    EXPECT_LE(gradient.max().item<double>(), std::exp(-1.0) + 1e-12);
  }
}

TEST(Rloo, AdvantageIsTheRewardMinusTheMeanOfTheOthers) {
  const torch::Tensor rewards = torch::tensor({1.0, 2.0, 6.0}, torch::kFloat64);
  const double spread = rewards.std(false).item<double>();
  const torch::Tensor advantages = rloo_advantages(rewards) * spread;
  EXPECT_NEAR(advantages[0].item<double>(), 1.0 - 4.0, 1e-12);
  EXPECT_NEAR(advantages[1].item<double>(), 2.0 - 3.5, 1e-12);
  EXPECT_NEAR(advantages[2].item<double>(), 6.0 - 1.5, 1e-12);
  EXPECT_EQ(rloo_advantages(torch::ones({4}, torch::kFloat64)).abs().sum().item<double>(), 0.0);
}

/// Any reward of a keep-set of four neurons, without structure.
double table_reward(const std::vector<std::int64_t>& ranking, int kept) {
  int set = 0;
  for (int j = 0; j < kept; ++j) set |= 1 << ranking[static_cast<std::size_t>(j)];
  return std::sin(3.7 * set) + 0.1 * set;
}

/// d E[R] / dz by enumerating all rankings, in double.
torch::Tensor exact_gradient(const std::vector<double>& values, int kept) {
  const torch::Tensor scores = as_tensor(values).set_requires_grad(true);
  torch::Tensor expectation = torch::zeros({}, torch::kFloat64);
  std::vector<std::int64_t> ranking{0, 1, 2, 3};
  do {
    const torch::Tensor order = torch::tensor(ranking, torch::kInt64).unsqueeze(0);
    const torch::Tensor log_probability = plackett_luce_log_probability(scores, order, 4).squeeze(0);
    expectation = expectation + log_probability.exp() * table_reward(ranking, kept);
  } while (std::next_permutation(ranking.begin(), ranking.end()));
  expectation.backward();
  return scores.grad();
}

struct MeanAndError {
  torch::Tensor mean;
  torch::Tensor error;  ///< standard error
};

MeanAndError summarise(const torch::Tensor& rows) {
  return {rows.mean(0), rows.std(0) / std::sqrt(static_cast<double>(rows.size(0)))};
}

class PolicyGradient : public ::testing::TestWithParam<int> {
 protected:
  static constexpr std::int64_t kDraws = 40'000;
  const std::vector<float> scores_{0.4F, -0.7F, 1.1F, 0.2F};
  const std::vector<double> values_{scores_.begin(), scores_.end()};

  [[nodiscard]] RankingSamples draw() const {
    Rng rng(21);
    return sample_rankings(scores_, kDraws, rng);
  }
  static std::vector<std::int64_t> row(const torch::Tensor& rankings, std::int64_t m) {
    const auto* begin = rankings.data_ptr<std::int64_t>() + m * 4;
    return {begin, begin + 4};
  }

  /// R(with i) - R(without i) by rebuilding both keep-sets.
  [[nodiscard]] torch::Tensor swap_advantages(const RankingSamples& samples, int kept) const {
    torch::Tensor advantages = torch::empty({kDraws, 4}, torch::kFloat64);
    for (std::int64_t m = 0; m < kDraws; ++m) {
      const std::vector<std::int64_t> ranking = row(samples.rankings, m);
      for (int j = 0; j < 4; ++j) {
        std::vector<std::int64_t> other = ranking;
        std::swap(other[static_cast<std::size_t>(j)], other[static_cast<std::size_t>(j < kept ? kept : kept - 1)]);
        const double difference = table_reward(ranking, kept) - table_reward(other, kept);
        advantages[m][ranking[static_cast<std::size_t>(j)]] = j < kept ? difference : -difference;
      }
    }
    return advantages;
  }

  [[nodiscard]] torch::Tensor reinforce_terms(const RankingSamples& samples, int kept) const {
    torch::Tensor terms = torch::empty({kDraws, 4}, torch::kFloat64);
    std::map<std::vector<std::int64_t>, torch::Tensor> gradients;  // of log p, one a ranking
    for (std::int64_t m = 0; m < kDraws; ++m) {
      const std::vector<std::int64_t> ranking = row(samples.rankings, m);
      torch::Tensor& gradient = gradients[ranking];
      if (!gradient.defined()) {
        const torch::Tensor leaf = as_tensor(values_).set_requires_grad(true);
        plackett_luce_log_probability(leaf, samples.rankings.narrow(0, m, 1), kept).sum().backward();
        gradient = leaf.grad();
      }
      terms[m] = gradient * table_reward(ranking, kept);
    }
    return terms;
  }

  static void expect_agrees(const MeanAndError& estimate, const torch::Tensor& exact) {
    for (std::int64_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(estimate.mean[i].item<double>(), exact[i].item<double>(), 5 * estimate.error[i].item<double>())
          << "neuron " << i;
    }
  }
};

TEST_P(PolicyGradient, BothEstimatorsAreUnbiasedAndConditioningLowersTheVariance) {
  const int kept = GetParam();
  const torch::Tensor exact = exact_gradient(values_, kept);
  const RankingSamples samples = draw();
  const MeanAndError reinforce = summarise(reinforce_terms(samples, kept));
  const torch::Tensor probability = keep_probability_gradient(as_tensor(values_), samples, kept);
  const MeanAndError conditional = summarise(probability * swap_advantages(samples, kept));
  expect_agrees(reinforce, exact);
  expect_agrees(conditional, exact);
  EXPECT_LT(conditional.error.sum().item<double>(), reinforce.error.sum().item<double>());
}

INSTANTIATE_TEST_SUITE_P(Kept, PolicyGradient, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace prunenet
