#include "prunenet/policy/network.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet {
namespace {

TEST(PolicyNetwork, OneScoreANeuronWhateverTheirNumber) {
  Rng rng(1);
  PolicyNetwork network(7, NetworkOptions{.hidden = 16, .depth = 2}, rng);
  for (const int neurons : {1, 5, 300}) {
    const MatrixF features = MatrixF::Random(neurons, 7);
    EXPECT_EQ(score_neurons(network, features).size(), static_cast<std::size_t>(neurons));
  }
}

TEST(PolicyNetwork, ANeuronsScoreDoesNotDependOnTheOthers) {
  Rng rng(1);
  PolicyNetwork network(7, NetworkOptions{.hidden = 16, .depth = 2}, rng);
  const MatrixF features = MatrixF::Random(20, 7);
  const std::vector<float> all = score_neurons(network, features);
  for (const int i : {0, 7, 19}) {
    EXPECT_NEAR(score_neurons(network, features.row(i)).front(), all[static_cast<std::size_t>(i)], 1e-6);
  }
}

TEST(PolicyNetwork, SameSeedSameWeights) {
  Rng first(5);
  Rng second(5);
  PolicyNetwork a(3, NetworkOptions{}, first);
  PolicyNetwork b(3, NetworkOptions{}, second);
  for (const auto& parameter : a->named_parameters()) {
    EXPECT_TRUE(torch::equal(parameter.value(), b->named_parameters()[parameter.key()])) << parameter.key();
  }
}

TEST(PolicyNetwork, OtherFeatureCountIsRefused) {
  Rng rng(1);
  PolicyNetwork network(7, NetworkOptions{}, rng);
  testing::expect_error(ErrorKind::kMismatch, {"reads 7", "6 were given"},
                        [&] { (void)score_neurons(network, MatrixF::Zero(2, 6)); });
}

TEST(NetworkOptions, RoundTripAndRanges) {
  const NetworkOptions options{.hidden = 48, .depth = 3};
  const NetworkOptions back = network_options_from_json(to_json(options));
  EXPECT_EQ(back.hidden, 48);
  EXPECT_EQ(back.depth, 3);
  testing::expect_error(ErrorKind::kBadInput, {"hidden"}, [] { (void)network_options_from_json({{"depth", 2}}); });
  testing::expect_error(ErrorKind::kBadInput, {"depth", "8"}, [] {
    (void)network_options_from_json({{"hidden", 2}, {"depth", 9}});
  });
}

}  // namespace
}  // namespace prunenet
