#pragma once

#include <filesystem>
#include <memory>

#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// From tokenizer.model, run by the SentencePiece library (Kudo and Richardson 2018, arXiv:1808.06226), and the files
/// beside it. Control symbols and added tokens written out in a text are recognised; what lies between two of them is
/// encoded as a text of its own, with the model's dummy prefix. Invalid UTF-8 becomes U+FFFD, as the library has it.
/// Throws Error(kBadInput) where the model cannot be read.
[[nodiscard]] std::unique_ptr<Tokenizer> load_sentencepiece(const std::filesystem::path& model_directory);

}  // namespace prunenet
