// What methods are worth: perplexity of a really trained model with 30 % of its neurons removed, on text that neither
// the model nor the methods have seen.

#include <gtest/gtest.h>

#include <iostream>

#include "baselines/trained_large.h"
#include "prunenet/model/runtime.h"

namespace prunenet {
namespace {

using testing::TrainedLarge;

class MethodQuality : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { set_threads(1); }  // tests run side by side

  /// How much the log-perplexity rises.
  double damage(const nlohmann::json& options, std::uint64_t seed) {
    const auto planner = model_.planner(options, model_.calibration(16));
    const Selection selection = planner->select(0.3, 1, seed, model_.silent);
    return model_.log_perplexity(pruned_network(model_.network, selection)) - model_.log_perplexity(model_.network);
  }

  TrainedLarge model_;
};

TEST_P(MethodQuality, BeatsRandom) {
  nlohmann::json options{{"name", GetParam()}};
  if (GetParam() == "response") options["probe"] = {{"tokens", 4096}, {"sequence_length", 128}};
  const double damaged = damage(options, 0);
  double random = 0.0;
  for (std::uint64_t seed = 0; seed < 3; ++seed) random += damage({{"name", "random"}}, seed) / 3.0;
  std::cout << GetParam() << ": log-perplexity rises by " << damaged << ", random " << random << "\n";
  EXPECT_GT(damaged, 0.0);
  EXPECT_LT(damaged, 0.8 * random);  // clearly better, not merely better
}

INSTANTIATE_TEST_SUITE_P(Methods, MethodQuality, ::testing::Values("response", "wanda-sp", "flap", "llm-pruner"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace prunenet
