#include "prunenet/eval/perplexity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "eval/trained_model.h"
#include "prunenet/core/file.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::TrainedModel;

const std::filesystem::path& held_out() {
  static const auto path = std::filesystem::path(PRUNENET_TEST_DATA) / "texts" / "heldout.txt";
  return path;
}

/// Oracle: full logits of each window, log-softmax in double.
double naive_nll(const TrainedModel& trained, std::int64_t context, std::int64_t windows) {
  const torch::NoGradGuard no_grad;
  const auto ids = trained.tokenizer->encode(read_text_file(held_out()));
  double nll = 0.0;
  for (std::int64_t window = 0; window < windows; ++window) {
    torch::Tensor input = torch::empty({1, context}, torch::kInt64);
    for (std::int64_t i = 0; i < context; ++i) input[0][i] = ids[static_cast<std::size_t>(window * context + i)];
    const torch::Tensor log_p = trained.model.logits(input)[0].to(torch::kFloat64).log_softmax(1);
    for (std::int64_t i = 1; i < context; ++i) {
      nll -= log_p[i - 1][input[0][i].item<std::int64_t>()].item<double>();
    }
  }
  return nll;
}

TEST(Perplexity, EqualsFullLogitsOverWindowsThatDoNotOverlap) {
  const TrainedModel trained;
  SilentProgress silent;
  const Perplexity result =
      evaluate_perplexity(trained.model, *trained.tokenizer, held_out(), {.context = 32, .windows = 3}, silent);
  const double expected = naive_nll(trained, 32, 3);
  EXPECT_EQ(result.windows, 3);
  EXPECT_EQ(result.tokens, 3 * 31);
  EXPECT_NEAR(result.nll, expected, 1e-4 * expected);
  EXPECT_NEAR(result.ppl, std::exp(expected / 93), 1e-3);
  EXPECT_EQ(result.sha256.size(), 64U);
}

TEST(Perplexity, LayerByLayerAndStreamedIsWhatEachWindowOnItsOwnGives) {
  const torch::NoGradGuard no_grad;
  const TrainedModel trained;
  SilentProgress silent;
  const CausalLm streamed = CausalLm::load(trained.checkpoint, *trained.family, silent, {.stream = true});
  constexpr std::int64_t kWindows = 40;
  const PerplexityOptions options{.context = 48, .windows = kWindows};
  const torch::Tensor ids = cut_windows(trained.model.config(), *trained.tokenizer, held_out(), options).ids;
  double nll = 0.0;
  for (std::int64_t window = 0; window < kWindows; ++window) {
    nll += trained.model.token_nll(ids.narrow(0, window, 1)).sum(torch::kFloat64).item<double>();
  }
  ASSERT_LT(trained.model.tokens_per_pass(), kWindows * 47) << "several passes of the model in memory";
  ASSERT_GE(streamed.tokens_per_pass(), kWindows * 47) << "one pass of the streamed model";
  for (const CausalLm* model : {&trained.model, &streamed}) {
    EXPECT_EQ(evaluate_perplexity(*model, *trained.tokenizer, held_out(), options, silent).nll, nll);
  }
}

TEST(Perplexity, LossThatIsNoNumberIsAnErrorThatNamesIt) {
  const TrainedModel trained;
  SilentProgress silent;
  const auto evaluate = [&](double factor) {
    DecoderWeights weights = trained.model.weights();
    weights.final_norm.gain = weights.final_norm.gain * factor;
    const CausalLm model(trained.model.config(), weights);
    return evaluate_perplexity(model, *trained.tokenizer, held_out(), {.context = 32, .windows = 3}, silent);
  };
  expect_error(ErrorKind::kNumerical, {"heldout.txt", "window 0 of 3", "token 1 is", "nan"},
               [&] { (void)evaluate(std::nan("")); });
  expect_error(ErrorKind::kNumerical, {"window 0 of 3", "token 1 is"}, [&] { (void)evaluate(1e38); });
  // Finite losses of thousands of nats: exp of their mean is no number.
  expect_error(ErrorKind::kNumerical, {"heldout.txt", "mean loss", "nats"}, [&] { (void)evaluate(1e5); });
}

TEST(Perplexity, ContextIsCappedAndAllWholeWindowsAreScored) {
  const TrainedModel trained;
  SilentProgress silent;
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "text", read_text_file(held_out()).substr(0, 2000));
  const Perplexity result = evaluate_perplexity(trained.model, *trained.tokenizer, directory / "text", {}, silent);
  EXPECT_EQ(result.context, trained.model.config().max_position_embeddings);
  EXPECT_EQ(result.windows, result.text_tokens / result.context);
  EXPECT_LT(result.ppl, 40.0);  // a trained model; an untrained one is near its vocabulary of 512
}

TEST(Perplexity, ShortTextsMissingFilesAndBadOptions) {
  const TrainedModel trained;
  SilentProgress silent;
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "short", "Alice");
  const auto evaluate = [&](const std::string& file, PerplexityOptions options) {
    (void)evaluate_perplexity(trained.model, *trained.tokenizer, directory / file, options, silent);
  };
  expect_error(ErrorKind::kInvalidArgument, {"short", "do not fill one window of 64"},
               [&] { evaluate("short", {.context = 64}); });
  expect_error(ErrorKind::kBadInput, {"missing"}, [&] { evaluate("missing", {}); });
  expect_error(ErrorKind::kInvalidArgument, {"context 1"}, [&] { evaluate("short", {.context = 1}); });
  expect_error(ErrorKind::kInvalidArgument, {"windows -1"}, [&] { evaluate("short", {.context = 2, .windows = -1}); });
}

}  // namespace
}  // namespace prunenet
