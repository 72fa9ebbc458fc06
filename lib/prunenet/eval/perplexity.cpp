#include "prunenet/eval/perplexity.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/sha256.h"

namespace prunenet {

namespace {

void check(const PerplexityOptions& options) {
  if (options.context >= 2 && options.windows >= 0) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("context {} and windows {}: a window needs at least 2 tokens, and windows cannot be negative",
                          options.context, options.windows));
}

/// Windows that the text gives, all of them or the first so many.
std::int64_t count_windows(const Perplexity& result, const PerplexityOptions& options) {
  const std::int64_t whole = result.text_tokens / result.context;
  if (whole == 0) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{}: {} tokens do not fill one window of {}; lower the context or give a longer text",
                            result.file, result.text_tokens, result.context));
  }
  return options.windows > 0 ? std::min(whole, options.windows) : whole;
}

}  // namespace

Perplexity evaluate_perplexity(const CausalLm& model, const Tokenizer& tokenizer, const std::filesystem::path& file,
                               const PerplexityOptions& options, Progress& progress) {
  check(options);
  const torch::NoGradGuard no_grad;
  const std::string text = read_text_file(file);
  Perplexity result;
  result.file = file.string();
  result.sha256 = sha256_hex(std::as_bytes(std::span(text)));
  result.dtype = "float32";
  result.context = std::min(options.context, model.config().max_position_embeddings);
  const std::vector<TokenId> encoded = tokenizer.encode(text);
  const std::vector<std::int64_t> ids(encoded.begin(), encoded.end());
  result.text_tokens = static_cast<std::int64_t>(ids.size());
  result.windows = count_windows(result, options);
  result.tokens = result.windows * (result.context - 1);

  progress.begin("scoring " + file.filename().string(), "tokens",
                 static_cast<std::uint64_t>(result.windows * result.context));
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t window = 0; window < result.windows; ++window) {
    torch::Tensor input = torch::empty({1, result.context}, torch::kInt64);
    std::copy_n(ids.begin() + window * result.context, result.context, input.data_ptr<std::int64_t>());
    result.nll += model.token_nll(input).sum(torch::kFloat64).item<double>();
    progress.status(fmt::format("perplexity {:.3f}",
                                std::exp(result.nll / static_cast<double>((window + 1) * (result.context - 1)))));
    progress.advance(static_cast<std::uint64_t>(result.context));
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.ppl = std::exp(result.nll / static_cast<double>(result.tokens));
  result.tokens_per_second = static_cast<double>(result.tokens) / result.seconds;
  return result;
}

}  // namespace prunenet
