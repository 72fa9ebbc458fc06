#include "prunenet/eval/generate.h"

#include <gtest/gtest.h>

#include "eval/trained_model.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::TrainedModel;

TEST(Generate, IsWhatTheLikeliestTokensSay) {
  const torch::NoGradGuard no_grad;
  TrainedModel trained;
  const std::string prompt = "Once upon";
  const SampleOptions options{.tokens = 5, .temperature = 0.0};
  std::vector<TokenId> ids = trained.tokenizer->encode(prompt);
  for (int step = 0; step < options.tokens; ++step) {  // the oracle: all logits anew for every token
    const torch::Tensor input = torch::tensor(std::vector<std::int64_t>(ids.begin(), ids.end())).unsqueeze(0);
    ids.push_back(static_cast<TokenId>(trained.model.logits(input)[0][-1].argmax().item<std::int64_t>()));
  }
  ASSERT_TRUE(trained.tokenizer->default_prefix().empty()) << "or it stands before the prompt";
  EXPECT_EQ(generate_text(trained.model, *trained.tokenizer, prompt, options, 0, trained.silent),
            trained.tokenizer->decode(ids, /*skip_special=*/true));
}

TEST(Generate, ASeedDecidesAndNoPromptIsAllowed) {
  const torch::NoGradGuard no_grad;
  TrainedModel trained;
  const auto text = [&](std::uint64_t seed) {
    return generate_text(trained.model, *trained.tokenizer, "", {.tokens = 12}, seed, trained.silent);
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
  expect_error(ErrorKind::kInvalidArgument, {"temperature"}, [&] {
    (void)generate_text(trained.model, *trained.tokenizer, "", {.temperature = -1.0}, 0, trained.silent);
  });
}

}  // namespace
}  // namespace prunenet
