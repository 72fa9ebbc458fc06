#include "prunenet/eval/perplexity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/stopwatch.h"

namespace prunenet {

namespace {

/// losses: [n - 1], of a window's tokens from the second on.
void require_finite(const torch::Tensor& losses, const std::string& where) {
  const torch::Tensor bad = losses.isfinite().logical_not().nonzero();
  if (bad.numel() == 0) return;
  const auto first = bad[0][0].item<std::int64_t>();
  throw Error(ErrorKind::kNumerical, fmt::format("{}: the loss of token {} is {}; the model's weights are damaged, or "
                                                 "too large for single precision",
                                                 where, first + 1, losses[first].item<float>()));
}

}  // namespace

Perplexity evaluate_perplexity(const CausalLm& model, const Tokenizer& tokenizer, const std::filesystem::path& file,
                               const PerplexityOptions& options, Progress& progress) {
  const torch::NoGradGuard no_grad;
  const TextWindows text = cut_windows(model.config(), tokenizer, file, options);
  Perplexity result;
  result.file = file.string();
  result.sha256 = text.sha256;
  result.dtype = "float32";
  result.text_tokens = text.text_tokens;
  result.windows = text.ids.size(0);
  result.context = text.ids.size(1);
  result.tokens = result.windows * (result.context - 1);

  progress.begin("scoring " + file.filename().string(), "tokens", static_cast<std::uint64_t>(result.tokens));
  const Stopwatch watch;
  const std::int64_t inputs = result.context - 1;  // of a window: what stands behind its last token is not scored
  const std::int64_t together = std::max<std::int64_t>(1, model.tokens_per_pass() / inputs);
  for (std::int64_t first = 0; first < result.windows; first += together) {
    std::vector<TokenBatch> batches;
    for (std::int64_t window = first; window < std::min(first + together, result.windows); ++window) {
      batches.push_back(sequence_batch(text.ids.narrow(0, window, 1).narrow(1, 0, inputs)));
    }
    const std::vector<torch::Tensor> states = model.states_by_layer(batches, {}, progress);
    for (std::size_t i = 0; i < states.size(); ++i) {
      const std::int64_t window = first + static_cast<std::int64_t>(i);
      const torch::Tensor losses = model.nll(states[i], text.ids[window].narrow(0, 1, inputs));
      require_finite(losses, fmt::format("{}, window {} of {}", file.string(), window, result.windows));
      result.nll += losses.sum(torch::kFloat64).item<double>();
      progress.status(
          fmt::format("perplexity {:.3f}", std::exp(result.nll / static_cast<double>((window + 1) * inputs))));
    }
  }
  result.seconds = watch.seconds();
  result.ppl = std::exp(result.nll / static_cast<double>(result.tokens));
  if (!std::isfinite(result.ppl)) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("{}: the mean loss is {:.6g} nats a token, whose perplexity no number holds", file.string(),
                            result.nll / static_cast<double>(result.tokens)));
  }
  result.tokens_per_second = static_cast<double>(result.tokens) / result.seconds;
  return result;
}

}  // namespace prunenet
