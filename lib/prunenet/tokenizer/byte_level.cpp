#include "prunenet/tokenizer/byte_level.h"

#include <array>
#include <cstddef>

#include "prunenet/tokenizer/utf8.h"

namespace prunenet {
namespace {

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/// Code point by byte; all are below 0x144.
constexpr std::array<char16_t, 256> kCharacters = [] {
  std::array<char16_t, 256> characters{};
  char16_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    characters.at(byte) = stands_for_itself(byte) ? static_cast<char16_t>(byte) : next++;
  }
  return characters;
}();

/// Byte by code point, -1 where there is none.
constexpr std::array<short, 0x144> kBytes = [] {
  std::array<short, 0x144> bytes{};
  bytes.fill(-1);
  for (unsigned byte = 0; byte < 256; ++byte) bytes.at(kCharacters.at(byte)) = static_cast<short>(byte);
  return bytes;
}();

}  // namespace

void append_byte_level(std::string_view bytes, std::string& spelling) {
  for (const char byte : bytes) {
    const unsigned character = kCharacters[static_cast<unsigned char>(byte)];
    if (character < 0x80) {
      spelling.push_back(static_cast<char>(character));
    } else {
      spelling.push_back(static_cast<char>(0xC0U | (character >> 6U)));
      spelling.push_back(static_cast<char>(0x80U | (character & 0x3FU)));
    }
  }
}

bool append_from_byte_level(std::string_view spelling, std::string& bytes) {
  const std::size_t size = bytes.size();
  for (std::size_t position = 0; position < spelling.size();) {
    const Utf8Character character = character_at(spelling, position);
    if (character.code_point >= kBytes.size() || kBytes[character.code_point] < 0) {
      bytes.resize(size);
      return false;
    }
    bytes.push_back(static_cast<char>(kBytes[character.code_point]));
    position += character.length;
  }
  return true;
}

}  // namespace prunenet
