#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace prunenet {

/// Whether a model directory has vocab.json and merges.txt, the two files of GPT-2's tokenizer, which OPT's checkpoints
/// have in place of a tokenizer.json.
[[nodiscard]] bool has_vocab_and_merges(const std::filesystem::path& model_directory);

/// What a tokenizer.json would say of them: byte-level BPE with GPT-2's pattern, `add_prefix_space` from
/// tokenizer_config.json. Throws Error(kBadInput) for a malformed file.
[[nodiscard]] nlohmann::json tokenizer_json_of_vocab(const std::filesystem::path& model_directory);

}  // namespace prunenet
