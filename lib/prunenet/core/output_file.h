#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "prunenet/core/unfinished.h"

namespace prunenet {

/// A file that is complete or absent: it is written in pieces under another name beside its own, synced to the disk,
/// and renamed at the end. Unless `finish` is reached the destructor removes it, and the file that had the name stays.
/// What killed runs left beside it is removed. All calls throw Error(kOutOfSpace) on a full disk, Error(kIo) otherwise.
class OutputFile {
 public:
  /// A link is followed. Throws Error(kAlreadyExists) also where the name is a directory's, a device's or a pipe's, or
  /// where another run is writing that file now.
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::span<const std::byte> bytes);
  /// The file gets its name. Before that, what was written is shown to `check`: where it throws, no file stays.
  void finish(const std::function<void(const std::filesystem::path&)>& check = {});

 private:
  std::filesystem::path target_;
  Unfinished temporary_;
};

/// A small file: the old content or the new, never half of it. A device or a pipe is written to as it is.
/// Throws as OutputFile.
void write_file_atomically(const std::filesystem::path& path, const std::string& content);

/// Makes the names in a directory durable. Throws Error(kIo).
void sync_directory(const std::filesystem::path& directory);

}  // namespace prunenet
