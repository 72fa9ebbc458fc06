#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "fuzz/harness.h"
#include "prunenet/tokenizer/bpe_tokenizer.h"
#include "prunenet/tokenizer/byte_level.h"

namespace prunenet {
namespace {

nlohmann::json byte_level_tokenizer() {
  nlohmann::json vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    std::string spelling;
    const char character = static_cast<char>(byte);
    append_byte_level({&character, 1}, spelling);
    vocabulary[spelling] = byte;
  }
  vocabulary["he"] = 256;
  vocabulary["\u0120he"] = 257;
  return {{"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"decoder", {{"type", "ByteLevel"}}},
          {"added_tokens", {{{"id", 258}, {"content", "<s>"}, {"special", true}}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", {"h e", "\u0120 he"}}}}};
}

nlohmann::json metaspace_tokenizer() {
  nlohmann::json file = {
      {"normalizer", {{"type", "Sequence"}, {"normalizers", {{{"type", "NFKC"}}, {{"type", "Lowercase"}}}}}},
      {"pre_tokenizer", {{"type", "Metaspace"}}},
      {"model", {{"type", "BPE"}, {"byte_fallback", true}, {"merges", nlohmann::json::array()}}}};
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    file["model"]["vocab"][std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">"] = byte;
  }
  return file;
}

}  // namespace

/// A text for evaluation or calibration. Byte-level ids give it back as it was.
PRUNENET_FUZZ_TARGET(text) {
  static const auto kByteLevel = make_bpe_tokenizer(byte_level_tokenizer(), {}, "byte level");
  static const auto kMetaspace = make_bpe_tokenizer(metaspace_tokenizer(), {}, "metaspace");
  if (kByteLevel->decode(kByteLevel->encode(input)) != input) throw std::logic_error("another text comes back");
  static_cast<void>(kMetaspace->decode(kMetaspace->encode(input)));
}

}  // namespace prunenet
