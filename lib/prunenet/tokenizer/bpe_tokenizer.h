#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "prunenet/tokenizer/special_tokens.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// From tokenizer.json and the files beside it: added tokens, normalizer, pre_tokenizer, BPE model, decoder,
/// post_processor, as huggingface/tokenizers runs them. Throws like `load_tokenizer`.
[[nodiscard]] std::unique_ptr<Tokenizer> load_tokenizer_json(const std::filesystem::path& model_directory);

/// From the content of a tokenizer.json; `where` stands in messages.
[[nodiscard]] std::unique_ptr<Tokenizer> make_bpe_tokenizer(const nlohmann::json& file, const SpecialTokens& special,
                                                            const std::string& where);

}  // namespace prunenet
