#include "prunenet/policy/policy.h"

#include <gtest/gtest.h>

#include <limits>

#include "policy/replace_metadata.h"
#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::TemporaryDirectory;

Policy make_policy() {
  Rng rng(4);
  Policy policy;
  policy.features = {"a", "b", "c"};
  policy.network = PolicyNetwork(3, NetworkOptions{.hidden = 8, .depth = 1}, rng);
  policy.recipe = {{"steps", 10}};
  policy.curve = {{{"step", 10}, {"validation_reward", 1.5}}};
  policy.provenance = {{"seed", 4}};
  return policy;
}

/// The file of `make_policy` with one metadata field replaced.
void write_with(const std::filesystem::path& path, const std::string& key, const std::string& value) {
  save_policy(path, make_policy());
  testing::replace_metadata(path, key, value);
}

TEST(PolicyFile, RoundTripGivesTheSameScoresAndRecords) {
  const TemporaryDirectory directory;
  Policy policy = make_policy();
  save_policy(directory / "p.safetensors", policy);
  Policy back = load_policy(directory / "p.safetensors");
  const MatrixF features = MatrixF::Random(17, 3);
  EXPECT_EQ(score_neurons(policy.network, features), score_neurons(back.network, features));
  EXPECT_EQ(back.features, policy.features);
  EXPECT_EQ(back.recipe, policy.recipe);
  EXPECT_EQ(back.curve, policy.curve);
  EXPECT_EQ(back.provenance, policy.provenance);
}

TEST(PolicyFile, AModelIsNotAPolicy) {
  const TemporaryDirectory directory;
  write_safetensors(directory / "m.safetensors", {}, {{"format", "pt"}});
  expect_error(ErrorKind::kBadInput, {"m.safetensors", "not a policy"},
               [&] { (void)load_policy(directory / "m.safetensors"); });
}

TEST(PolicyFile, AnotherVersionIsUnsupported) {
  const TemporaryDirectory directory;
  write_with(directory / "p", "format_version", "7");
  expect_error(ErrorKind::kUnsupported, {"version 7", "reads 1"}, [&] { (void)load_policy(directory / "p"); });
}

TEST(PolicyFile, BrokenMetadataIsNamed) {
  const TemporaryDirectory directory;
  write_with(directory / "p", "recipe", "{");
  expect_error(ErrorKind::kBadInput, {"'recipe'", "not valid JSON"}, [&] { (void)load_policy(directory / "p"); });
  write_with(directory / "p", "features", "[1]");
  expect_error(ErrorKind::kBadInput, {"'features'"}, [&] { (void)load_policy(directory / "p"); });
}

TEST(PolicyFile, ParametersOfAnotherNetworkAreNamed) {
  const TemporaryDirectory directory;
  write_with(directory / "p", "network", R"({"hidden": 9, "depth": 1})");
  expect_error(ErrorKind::kBadInput, {"layers_0.", "9"}, [&] { (void)load_policy(directory / "p"); });
  write_with(directory / "p", "network", R"({"hidden": 8, "depth": 2})");
  expect_error(ErrorKind::kBadInput, {"layers_1.weight", "8 x 8"}, [&] { (void)load_policy(directory / "p"); });
}

TEST(PolicyFile, ParameterThatIsNotFiniteIsNamed) {
  const TemporaryDirectory directory;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    Policy policy = make_policy();
    {
      const torch::NoGradGuard no_grad;
      policy.network->first_weight()[2][1] = bad;  // of 8 x 3
    }
    save_policy(directory / "p", policy);
    expect_error(ErrorKind::kBadInput, {"'layers_0.weight'", "element 7 of 24"},
                 [&] { (void)load_policy(directory / "p"); });
  }
}

TEST(CheckFeatures, SaysTheDifference) {
  const Policy policy = make_policy();
  EXPECT_NO_THROW(check_features(policy, {"a", "b", "c"}));
  expect_error(ErrorKind::kMismatch, {"not computed here: b", "not read by the policy: d, e"}, [&] {
    check_features(policy, {"a", "c", "d", "e"});
  });
  expect_error(ErrorKind::kMismatch, {"order differs", "'b'", "'c'"}, [&] { check_features(policy, {"a", "c", "b"}); });
}

TEST(PolicyFile, ANetworkThatIsOnlyClaimedTakesNoMemory) {
  const TemporaryDirectory directory;
  write_with(directory / "p", "network", R"({"hidden": 4096, "depth": 8})");
  expect_error(ErrorKind::kBadInput, {"layers_0.weight", "4096 x 3"}, [&] { (void)load_policy(directory / "p"); });
}

TEST(PolicyFile, DeepRecordsAreRefused) {  // whoever writes them out would run out of stack
  const TemporaryDirectory directory;
  write_with(directory / "p", "curve", std::string(65, '[') + std::string(65, ']'));
  expect_error(ErrorKind::kBadInput, {"'curve'", "nested deeper than 64"}, [&] { (void)load_policy(directory / "p"); });
}

}  // namespace
}  // namespace prunenet
