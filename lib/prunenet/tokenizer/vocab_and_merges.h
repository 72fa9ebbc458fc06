#pragma once

#include <filesystem>
#include <memory>

#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// From vocab.json and merges.txt, the two files of GPT-2's tokenizer, which OPT's checkpoints have in place of a
/// tokenizer.json: byte-level BPE with GPT-2's pattern; `add_prefix_space` and special tokens from
/// tokenizer_config.json. Throws like `load_tokenizer`.
[[nodiscard]] std::unique_ptr<Tokenizer> load_vocab_and_merges(const std::filesystem::path& model_directory);

}  // namespace prunenet
