#pragma once

#include <filesystem>
#include <memory>

#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// From tokenizer.json and the files beside it: added tokens, normalizer, pre_tokenizer, BPE model, decoder,
/// post_processor, as huggingface/tokenizers runs them. Throws like `load_tokenizer`.
[[nodiscard]] std::unique_ptr<Tokenizer> load_tokenizer_json(const std::filesystem::path& model_directory);

}  // namespace prunenet
