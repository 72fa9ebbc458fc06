#include "prunenet/refine/options.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using nlohmann::json;
using testing::expect_error;

TEST(RefineOptions, EveryFieldIsWrittenAndRead) {
  json recipe = to_json(RefineOptions{});
  EXPECT_EQ(to_json(refine_options_from_json(recipe)), recipe);
  for (auto& [key, value] : recipe.at("refine").items()) {
    if (key == "start_tokens") {
      value = {3, 4};
    } else if (key == "validation_ratios") {
      value = {0.25, 0.75};
    } else if (key == "learn") {
      value = "budget";
    } else if (key.starts_with("ratio_") || key == "floor") {
      value = value.get<double>() + 0.125;
    } else if (value.is_boolean()) {
      value = !value.get<bool>();
    } else if (value.is_number_integer()) {
      value = value.get<std::int64_t>() + 7;
    } else {
      value = value.get<double>() + 0.25;
    }
  }
  EXPECT_EQ(to_json(refine_options_from_json(recipe)), recipe);
  EXPECT_EQ(to_json(refine_options_from_json(json::object())), to_json(RefineOptions{}));
}

TEST(RefineOptions, EveryFieldHasItsRange) {
  const auto expect_refused = [](const char* key, const json& value, std::initializer_list<std::string> fragments) {
    expect_error(ErrorKind::kInvalidArgument, fragments, [&] {
      (void)refine_options_from_json({{"refine", {{key, value}}}});
    });
  };
  for (const char* key :
       {"steps", "tokens", "micro_batch_tokens", "sampled_tokens", "held_out_tokens", "folds", "validate_every"}) {
    expect_refused(key, 0, {key, "at least 1"});
  }
  for (const char* key : {"exploration", "learning_rate", "gradient_clip", "temperature", "sampling_temperature"}) {
    expect_refused(key, 0.0, {key, "above 0"});
  }
  for (const char* key : {"warmup_steps", "top_logits"}) expect_refused(key, -1, {key, "at least 0"});
  for (const char* key : {"weight_decay", "score_penalty"}) expect_refused(key, -0.5, {key, "at least 0"});
  expect_refused("ratio_min", 0.0, {"ratio_min", "between 0 and 1"});
  expect_refused("ratio_max", 0.1, {"ratio_max", "from ratio_min"});
  expect_refused("held_out_fold", 1, {"held_out_fold", "below folds"});
  expect_refused("floor", 1.0, {"floor", "between 0 and 1"});
  expect_refused("budget_learning_rate", 0.0, {"budget_learning_rate", "above 0"});
  expect_refused("learn", "everything", {"'everything'", "scores, budget"});
  expect_refused("sequence_length", 1, {"sequence_length", "at least 2"});
  expect_refused("learning_rate", 1e37, {"learning_rate", "1e36"});
  expect_refused("validation_ratios", json::array(), {"validation_ratios", "one ratio or more"});
  expect_refused("validation_ratios", {0.5, 1.0}, {"validation_ratios", "between 0 and 1"});
  expect_refused("epochs", 3, {"refine.epochs", "unknown"});
  expect_error(ErrorKind::kInvalidArgument, {"train", "refine"}, [] {
    (void)refine_options_from_json({{"train", json::object()}});
  });
}

}  // namespace
}  // namespace prunenet
