#pragma once

#include <cstdint>
#include <filesystem>

#include "prunenet/core/unfinished.h"

namespace prunenet {

/// Absolute, symbolic links resolved, without a separator at the end; the path need not exist. Throws Error(kIo).
[[nodiscard]] std::filesystem::path resolve_path(const std::filesystem::path& path);

/// Throws Error(kInvalidArgument) where `output` is `input` or lies in it, or the other way round: an input is only
/// read, and putting the output in place would remove one that lies in it.
void check_apart(const std::filesystem::path& input, const std::filesystem::path& output);

/// The same for one file that is made of another: Error(kInvalidArgument) where they are one, Error(kAlreadyExists)
/// where `output` is there and `force` is not set.
void check_output_file(const std::filesystem::path& input, const std::filesystem::path& output, bool force);

/// Throws Error(kOutOfSpace) where the disk that `target` is to lie on has fewer than `needed_bytes` free.
void check_free_space(const std::filesystem::path& target, std::uint64_t needed_bytes);

/// A directory that is complete or absent: it is filled under another name beside its target, and renamed at the end.
///
/// Unless `commit` is reached the destructor removes it, whatever threw; after a run that was killed, the next one with
/// the same target does. A directory that is replaced stays as it was until `commit`, which exchanges the two in one
/// step where the file system can.
class OutputDirectory {
 public:
  /// Makes the temporary directory, and missing parents. Throws
  ///  - Error(kAlreadyExists) where the target is a file, or is not empty and `force` is not set; also with `force`
  ///    where it is no model directory (no config.json), as nobody means that; and where another run is writing it,
  ///  - Error(kOutOfSpace) where the disk has fewer than `needed_bytes` free,
  ///  - Error(kIo) where the place cannot be written.
  OutputDirectory(const std::filesystem::path& target, std::uint64_t needed_bytes, bool force);
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  /// Where to write meanwhile.
  [[nodiscard]] const std::filesystem::path& path() const { return temporary_.path; }
  /// Where it will be: absolute, symbolic links resolved.
  [[nodiscard]] const std::filesystem::path& target() const { return target_; }

  /// Makes the names durable and puts the directory in place. Files must have been synced by who wrote them.
  /// Throws Error(kAlreadyExists) where something was put there meanwhile, unless `force` was set.
  void commit();

 private:
  void check_target(bool force) const;
  void make_parents();
  void put_in_place();
  void remove_what_was_made() noexcept;

  std::filesystem::path target_;
  bool force_;
  std::filesystem::path first_made_parent_;  ///< empty where all parents were there
  Unfinished temporary_;
  bool committed_ = false;
};

/// Copies one file and syncs it. Throws Error(kBadInput) from the source, Error(kOutOfSpace) or Error(kIo) from the
/// target.
void copy_file_durably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace prunenet
