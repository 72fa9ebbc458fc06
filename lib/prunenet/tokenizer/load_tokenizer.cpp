#include <fmt/format.h>

#include "prunenet/core/error.h"
#include "prunenet/tokenizer/bpe_tokenizer.h"
#include "prunenet/tokenizer/sentencepiece_tokenizer.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& model_directory) {
  if (std::filesystem::exists(model_directory / "tokenizer.json")) return load_tokenizer_json(model_directory);
  if (std::filesystem::exists(model_directory / "tokenizer.model")) return load_sentencepiece(model_directory);
  throw Error(ErrorKind::kBadInput,
              fmt::format("{}: holds neither tokenizer.json nor tokenizer.model, copy the model's tokenizer there",
                          model_directory.string()));
}

}  // namespace prunenet
