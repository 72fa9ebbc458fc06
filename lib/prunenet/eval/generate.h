#pragma once

#include <cstdint>
#include <string>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/model/sample.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// A prompt and how the model goes on, as text without special tokens. The prompt is taken as it is (no chat template),
/// behind the tokens that the tokenizer itself puts before a text; without any, the text starts at its beginning.
/// The same seed and threads give the same text. Throws what `sample` throws.
[[nodiscard]] std::string generate_text(const CausalLm& model, const Tokenizer& tokenizer, const std::string& prompt,
                                        const SampleOptions& options, std::uint64_t seed, Progress& progress);

}  // namespace prunenet
