#include <fmt/format.h>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/error.h"
#include "prunenet/tokenizer/bpe_tokenizer.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"
#include "prunenet/tokenizer/sentencepiece_tokenizer.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "prunenet/tokenizer/vocab_and_merges.h"

namespace prunenet {

namespace {

std::unique_ptr<Tokenizer> load_gguf_tokenizer(const std::filesystem::path& path) {
  const TokenizerFiles files = tokenizer_files(vocabulary_from_gguf(GgufFile::open(path)));
  return make_bpe_tokenizer(files.tokenizer, special_tokens_of(files.tokenizer_config), path.string());
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& model) {
  if (is_gguf_path(model)) return load_gguf_tokenizer(model);
  if (std::filesystem::exists(model / "tokenizer.json")) return load_tokenizer_json(model);
  if (std::filesystem::exists(model / "tokenizer.model")) return load_sentencepiece(model);
  if (has_vocab_and_merges(model)) {
    return make_bpe_tokenizer(tokenizer_json_of_vocab(model), read_special_tokens(model),
                              (model / "vocab.json").string());
  }
  throw Error(ErrorKind::kBadInput, fmt::format("{}: holds neither tokenizer.json nor tokenizer.model nor vocab.json "
                                                "with merges.txt, copy the model's tokenizer there",
                                                model.string()));
}

}  // namespace prunenet
