#include "prunenet/policy/published_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/replace_metadata.h"
#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/policy/policy.h"
#include "prunenet/policy/policy_kind.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::TemporaryDirectory;

PublishedPolicy make_policy(bool faithful = true) {
  Rng rng(4);
  return {.network = PrunenetNetwork(3, 6, rng),
          .ratio = 0.5,
          .faithful = faithful,
          .recipe = {{"policy", "prunenet"}},
          .curve = {{{"episode", 1}, {"mean_ks", 0.2}}},
          .provenance = {{"seed", 4}}};
}

/// The file of `make_policy` with one metadata field replaced.
void write_with(const std::filesystem::path& path, const std::string& key, const std::string& value) {
  save_published_policy(path, make_policy());
  testing::replace_metadata(path, key, value);
}

TEST(PublishedPolicyFile, RoundTripGivesTheSamePolicy) {
  const TemporaryDirectory directory;
  PublishedPolicy policy = make_policy(false);
  save_published_policy(directory / "p", policy);
  EXPECT_EQ(read_policy_kind(directory / "p"), PolicyKind::kPrunenet);
  PublishedPolicy back = load_published_policy(directory / "p");
  for (const auto& parameter : policy.network->named_parameters()) {
    EXPECT_TRUE(torch::equal(parameter.value(), back.network->named_parameters()[parameter.key()])) << parameter.key();
  }
  EXPECT_EQ(back.ratio, 0.5);
  EXPECT_FALSE(back.faithful);
  EXPECT_EQ(back.recipe, policy.recipe);
  EXPECT_EQ(back.curve, policy.curve);
  EXPECT_EQ(back.provenance, policy.provenance);
}

TEST(PublishedPolicyFile, IsNotTakenForAPolicyOfFeatures) {
  const TemporaryDirectory directory;
  save_published_policy(directory / "p", make_policy());
  expect_error(ErrorKind::kMismatch, {"'prunenet'", "'features' is needed"},
               [&] { (void)load_policy(directory / "p"); });
}

TEST(PublishedPolicyFile, APolicyOfFeaturesIsNotTakenForOne) {
  const TemporaryDirectory directory;
  Rng rng(1);
  save_policy(directory / "p", {.network = PolicyNetwork(1, NetworkOptions{.hidden = 4, .depth = 1}, rng),
                                .features = {"a"},
                                .recipe = {},
                                .curve = {},
                                .provenance = {}});
  EXPECT_EQ(read_policy_kind(directory / "p"), PolicyKind::kFeatures);
  expect_error(ErrorKind::kMismatch, {"'features'", "'prunenet' is needed"},
               [&] { (void)load_published_policy(directory / "p"); });
}

TEST(PublishedPolicyFile, BrokenMetadataIsNamed) {
  const TemporaryDirectory directory;
  const auto expect_refused = [&](const char* key, const char* value, ErrorKind kind, const char* fragment) {
    write_with(directory / "p", key, value);
    expect_error(kind, {fragment}, [&] { (void)load_published_policy(directory / "p"); });
  };
  expect_refused("kind", "tabular", ErrorKind::kUnsupported, "kind 'tabular'");
  expect_refused("ratio", "1.5", ErrorKind::kBadInput, "'ratio'");
  expect_refused("faithful", "1", ErrorKind::kBadInput, "'faithful'");
  expect_refused("network", "[]", ErrorKind::kBadInput, "'network'");
  expect_refused("network", R"({"hidden_size": 3})", ErrorKind::kBadInput, "'network.intermediate_size'");
  expect_refused("network", R"({"hidden_size": 999999, "intermediate_size": 999999})", ErrorKind::kBadInput,
                 "proj_intermediate.weight");
}

TEST(PolicyKind, OtherNamesAreRefused) {
  EXPECT_EQ(parse_policy_kind("prunenet"), PolicyKind::kPrunenet);
  expect_error(ErrorKind::kInvalidArgument, {"'published'", "features, prunenet"},
               [] { (void)parse_policy_kind("published"); });
}

TEST(CheckFits, SaysTheNumbers) {
  const PublishedPolicy policy = make_policy();
  EXPECT_NO_THROW(check_fits(policy, 3, 6, 0.5));
  expect_error(ErrorKind::kMismatch, {"hidden size 3", "intermediate size 6", "has 4 and 6"},
               [&] { check_fits(policy, 4, 6, 0.5); });
  expect_error(ErrorKind::kMismatch, {"has 3 and 8"}, [&] { check_fits(policy, 3, 8, 0.5); });
  expect_error(ErrorKind::kMismatch, {"ratio 0.5", "0.3 is asked for", "prunenet.ratio=0.3"},
               [&] { check_fits(policy, 3, 6, 0.3); });
}

class KeepIndices : public ::testing::Test {
 protected:
  /// z = x: the score of a row is its one weight.
  static PublishedPolicy policy_of_one_weight(bool faithful) {
    Rng rng(0);
    PublishedPolicy policy;
    policy.network = PrunenetNetwork(1, 5, rng);
    policy.ratio = 0.4;
    policy.faithful = faithful;
    const torch::NoGradGuard no_grad;
    auto parameters = policy.network->named_parameters();
    parameters["proj_intermediate.weight"].fill_(0.2F);
    parameters["proj_intermediate.bias"].zero_();
    parameters["row_sparsities"].fill_(1.0F);
    return policy;
  }
  MatrixF rows_{{0.1F}, {3.0F}, {-1.0F}, {2.0F}, {2.0F}};
};

TEST_F(KeepIndices, CorrectedTakesTheLargestAndLeavesTheRandomNumbersAlone) {
  PublishedPolicy policy = policy_of_one_weight(false);
  Rng rng(3);
  const std::string before = rng.state();
  EXPECT_THAT(keep_indices(policy, rows_, 3, rng), ElementsAre(1, 3, 4));
  EXPECT_THAT(keep_indices(policy, rows_, 2, rng), ElementsAre(1, 3)) << "equal scores: the lower index";
  EXPECT_THAT(keep_indices(policy, rows_, 0, rng), ElementsAre());
  EXPECT_THAT(keep_indices(policy, rows_, 5, rng), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(rng.state(), before);
}

TEST_F(KeepIndices, FaithfulDrawsAnewByTheSeed) {
  PublishedPolicy policy = policy_of_one_weight(true);
  const auto drawn = [&](std::uint64_t seed) {
    Rng rng(seed);
    std::vector<std::vector<std::int64_t>> sets;
    for (int i = 0; i < 20; ++i) sets.push_back(keep_indices(policy, rows_, 3, rng));
    return sets;
  };
  const auto first = drawn(1);
  EXPECT_EQ(first, drawn(1));
  EXPECT_NE(first, drawn(2));
  EXPECT_GT(std::count_if(first.begin(), first.end(), [&](const auto& set) { return set != first.front(); }), 0);
  for (const auto& set : first) EXPECT_TRUE(std::is_sorted(set.begin(), set.end()));
}

TEST_F(KeepIndices, CorrectedDrawsOnDemand) {
  PublishedPolicy policy = policy_of_one_weight(false);
  Rng rng(1);
  int others = 0;
  for (int i = 0; i < 50; ++i) {
    if (keep_indices(policy, rows_, 3, rng, /*sample=*/true) != std::vector<std::int64_t>{1, 3, 4}) ++others;
  }
  EXPECT_GT(others, 0);
  EXPECT_LT(others, 50);
}

}  // namespace
}  // namespace prunenet
