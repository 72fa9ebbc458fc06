#include "prunenet/recover/options.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using nlohmann::json;
using testing::expect_error;

TEST(RecoverOptions, EveryFieldIsWrittenAndRead) {
  json recipe = to_json(RecoverOptions{});
  EXPECT_EQ(to_json(recover_options_from_json(recipe)), recipe);
  json& section = recipe.at("recover");
  for (auto& [key, value] : section.items()) {
    if (key == "train") {
      value = "lora";
    } else if (key == "precision") {
      value = "bfloat16";
    } else if (key == "targets") {
      value = {"q_proj"};
    } else if (key == "start_tokens") {
      value = {3, 4};
    } else if (key == "beta2") {
      value = 0.5;
    } else if (value.is_boolean()) {
      value = !value.get<bool>();
    } else if (value.is_number_integer()) {
      value = value.get<std::int64_t>() + 7;
    } else {
      value = value.get<double>() + 0.25;
    }
  }
  EXPECT_EQ(to_json(recover_options_from_json(recipe)), recipe);
  EXPECT_EQ(to_json(recover_options_from_json(json::object())), to_json(RecoverOptions{}));
}

TEST(RecoverOptions, EveryFieldHasItsRange) {
  const auto expect_refused = [](const char* key, const json& value, std::initializer_list<std::string> fragments) {
    expect_error(ErrorKind::kInvalidArgument, fragments, [&] {
      (void)recover_options_from_json({{"recover", {{key, value}}}});
    });
  };
  for (const char* key :
       {"rank", "steps", "tokens", "micro_batch_tokens", "held_out_tokens", "validate_every", "save_every"}) {
    expect_refused(key, 0, {key, "at least 1"});
  }
  for (const char* key : {"alpha", "learning_rate", "gradient_clip", "temperature", "sampling_temperature"}) {
    expect_refused(key, 0.0, {key, "above 0"});
  }
  for (const char* key : {"warmup_steps", "top_logits", "sampled_tokens", "text_tokens"}) {
    expect_refused(key, -1, {key, "at least 0"});
  }
  for (const char* key : {"weight_decay", "next_token_weight"}) expect_refused(key, -0.5, {key, "at least 0"});
  expect_refused("beta2", 1.0, {"beta2", "below 1"});
  expect_refused("sequence_length", 1, {"sequence_length", "at least 2"});
  expect_refused("learning_rate", 1e37, {"learning_rate", "1e36"});
  expect_refused("targets", {"q_proj", "c_attn"},
                 {"'c_attn'", "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"});
  expect_refused("targets", json::array(), {"no targets"});
  expect_refused("train", "qlora", {"'qlora'", "lora, full"});
  expect_refused("precision", "float16", {"'float16'", "float32, bfloat16"});
  expect_refused("epochs", 3, {"recover.epochs", "unknown"});
  expect_error(ErrorKind::kInvalidArgument, {"train", "recover"}, [] {
    (void)recover_options_from_json({{"train", json::object()}});
  });
}

}  // namespace
}  // namespace prunenet
