#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

struct PerplexityOptions {
  std::int64_t context = 2048;  ///< tokens a window; capped by the model's own limit
  std::int64_t windows = 0;     ///< only the first so many; 0: all
};

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

/// The rule of the GPTQ, SliceGPT, FLAP and PruneNet papers: the file is tokenised in one piece without added special
/// tokens, cut into windows of `context` tokens that do not overlap, and tokens 2..n of each window are scored.
/// A last, shorter window is left out. Throws Error(kInvalidArgument) for a context below 2, a negative number of
/// windows, or a text shorter than one window; Error(kBadInput) where the file cannot be read.
[[nodiscard]] Perplexity evaluate_perplexity(const CausalLm& model, const Tokenizer& tokenizer,
                                             const std::filesystem::path& file, const PerplexityOptions& options,
                                             Progress& progress);

}  // namespace prunenet
