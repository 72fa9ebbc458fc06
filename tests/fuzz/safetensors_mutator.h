#pragma once

#ifndef PRUNENET_REPLAY
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

/// libFuzzer's mutations, but of header and tensors apart, with the header's length before them mostly kept right:
/// else nearly all inputs end at the first check.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  constexpr std::size_t kPrefix = 8;
  if (size < kPrefix || max_size < kPrefix || seed % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::uint64_t length = 0;
  std::memcpy(&length, data, kPrefix);
  length = std::min<std::uint64_t>(length, size - kPrefix);
  std::vector<std::uint8_t> header(data + kPrefix, data + kPrefix + length);
  std::vector<std::uint8_t> tensors(data + kPrefix + length, data + size);
  std::vector<std::uint8_t>& changed = seed % 4 == 1 ? tensors : header;
  const std::size_t room = max_size - kPrefix - (header.size() + tensors.size() - changed.size());
  const std::size_t old_size = std::min(changed.size(), room);
  changed.resize(std::max<std::size_t>(room, 1));
  changed.resize(room == 0 ? 0 : LLVMFuzzerMutate(changed.data(), old_size, room));
  length = header.size();
  std::memcpy(data, &length, kPrefix);
  std::copy(header.begin(), header.end(), data + kPrefix);
  std::copy(tensors.begin(), tensors.end(), data + kPrefix + header.size());
  return kPrefix + header.size() + tensors.size();
}
#endif
