#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace prunenet {

/// A new file, written in pieces and synced to the disk at the end. Unless `finish` is reached the destructor removes
/// it. All calls throw Error(kOutOfSpace) on a full disk, Error(kIo) otherwise.
class OutputFile {
 public:
  /// Replaces a file of that name.
  explicit OutputFile(std::filesystem::path path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::span<const std::byte> bytes);
  /// fsync and close.
  void finish();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// Makes the names in a directory durable. Throws Error(kIo).
void sync_directory(const std::filesystem::path& directory);

}  // namespace prunenet
