#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace prunenet {

/// What a GGUF pre-tokenizer name stands for.
struct GgufPreTokenizer {
  nlohmann::json normalizer;     ///< as in tokenizer.json, null for none
  nlohmann::json pre_tokenizer;  ///< as in tokenizer.json
  bool ignore_merges = false;
  bool add_bos = false;  ///< where the file does not say
};

/// Names and their patterns are those of llama.cpp (src/llama-vocab.cpp); where the models' own tokenizer.json has the
/// pattern in another form, in that form. Empty is "default". Throws Error(kUnsupported) naming an unknown one.
[[nodiscard]] GgufPreTokenizer gguf_pre_tokenizer(std::string_view name);

/// The name of a tokenizer.json's pre_tokenizer: the first that stands for the same one. Throws Error(kUnsupported)
/// where none does.
[[nodiscard]] std::string_view gguf_pre_tokenizer_name(const nlohmann::json& pre_tokenizer);

}  // namespace prunenet
