#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace prunenet {

/// A regular file open for positioned reads (pread: no memory map that a shrinking file would turn into a signal).
/// Const and thread-safe. Its size and time of change are compared after each read with those at opening.
class InputFile {
 public:
  /// Throws Error(kBadInput) where there is no such file, or a directory, a device, a pipe or a socket, Error(kIo)
  /// where it cannot be opened.
  explicit InputFile(std::filesystem::path path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Fills `bytes` from `offset`. Throws Error(kBadInput) beyond the end or where the file has changed since it was
  /// opened, Error(kIo) where the read fails.
  void read(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// Same into new memory; Error(kOutOfSpace) where there is not enough.
  [[nodiscard]] std::vector<std::byte> read(std::uint64_t offset, std::uint64_t count) const;

 private:
  void check_unchanged() const;

  struct Descriptor;
  std::filesystem::path path_;
  std::shared_ptr<const Descriptor> descriptor_;
  std::uint64_t size_ = 0;
  std::int64_t modified_seconds_ = 0;
  std::int64_t modified_nanoseconds_ = 0;
};

}  // namespace prunenet
