#include "prunenet/tokenizer/sentencepiece_check.h"

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

constexpr unsigned kWireVarint = 0;
constexpr unsigned kWireFixed64 = 1;
constexpr unsigned kWireBytes = 2;
constexpr unsigned kWireFixed32 = 5;
constexpr std::uint64_t kPieces = 1;     // of ModelProto
constexpr std::uint64_t kPieceText = 1;  // of ModelProto.SentencePiece

/// The fields of one message, in their order.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : left_(bytes) {}

  /// Calls `visit` with the number and the content of every field that is bytes.
  void each_bytes(const std::function<void(std::uint64_t number, std::string_view content)>& visit) {
    while (!left_.empty()) {
      const std::uint64_t key = varint();
      switch (key & 7U) {
        case kWireVarint:
          static_cast<void>(varint());
          break;
        case kWireFixed64:
          static_cast<void>(take(8));
          break;
        case kWireFixed32:
          static_cast<void>(take(4));
          break;
        case kWireBytes:
          visit(key >> 3U, take(varint()));
          break;
        default:
          refuse(fmt::format("wire type {}", key & 7U));
      }
    }
  }

 private:
  [[noreturn]] static void refuse(const std::string& why) {
    throw Error(ErrorKind::kBadInput, "not a SentencePiece model: its bytes are no protobuf message: " + why);
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    refuse("a number of more than 64 bits");
  }

  std::string_view take(std::uint64_t count) {
    if (count > left_.size()) refuse(fmt::format("{} bytes wanted where {} are left", count, left_.size()));
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }

  std::string_view left_;
};

}  // namespace

void check_sentencepieces(std::string_view serialized) {
  std::int64_t id = 0;
  WireReader(serialized).each_bytes([&id](std::uint64_t number, std::string_view piece) {
    if (number != kPieces) return;
    WireReader(piece).each_bytes([&id](std::uint64_t field, std::string_view text) {
      if (field != kPieceText || text.find('\0') == std::string_view::npos) return;
      throw Error(ErrorKind::kBadInput,
                  fmt::format("piece {} of the SentencePiece model holds a null character, which none may", id));
    });
    ++id;
  });
}

}  // namespace prunenet
