#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "prunenet/core/progress.h"
#include "prunenet/eval/text_windows.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

using PerplexityOptions = WindowOptions;

/// One text's perplexity with everything that two numbers must share to be comparable.
struct Perplexity {
  std::string file;
  std::string sha256;
  std::int64_t context = 0;  ///< as used
  std::int64_t windows = 0;
  std::int64_t text_tokens = 0;  ///< of the whole file
  std::int64_t tokens = 0;       ///< scored
  std::string dtype;             ///< of the computation
  double nll = 0.0;              ///< sum over scored tokens, nats
  double ppl = 0.0;              ///< exp(nll / tokens)
  double seconds = 0.0;          ///< in the forward passes
  double tokens_per_second = 0.0;
};

/// Tokens 2..n of each window of a text (see TextWindows) are scored; the result is finite. Throws what `cut_windows`
/// throws, and Error(kNumerical) naming file, window and token of a loss that is NaN or infinite, or the mean loss
/// where exp overflows.
[[nodiscard]] Perplexity evaluate_perplexity(const CausalLm& model, const Tokenizer& tokenizer,
                                             const std::filesystem::path& file, const PerplexityOptions& options,
                                             Progress& progress);

}  // namespace prunenet
