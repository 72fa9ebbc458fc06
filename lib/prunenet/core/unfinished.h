#pragma once

#include <filesystem>
#include <string>

namespace prunenet {

/// An open file descriptor, closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  [[nodiscard]] int value() const { return value_; }
  /// What close(2) returns; 0 where nothing is open.
  int close() noexcept;

 private:
  int value_;
};

/// Outputs are made under names beside their own, ".NAME.tmp-PID-N", until they are complete. Whoever makes one holds a
/// lock on it (flock), which ends with the process however that ends: so what a killed run left behind can be told from
/// what another run is still writing.
enum class UnfinishedKind { kFile, kDirectory };

struct Unfinished {
  std::filesystem::path path;
  Descriptor descriptor;  ///< open for writing where it is a file, and locked
};

/// Makes an unfinished file or directory beside `target`, which is absolute or relative to the working directory.
/// Modes follow the umask. Throws as `throw_system_error`.
[[nodiscard]] Unfinished make_unfinished(const std::filesystem::path& target, UnfinishedKind kind);

/// Removes what killed runs left beside `target`; where one was killed between moving the old output aside and putting
/// the new one in place, the old one is put back.
/// Throws Error(kAlreadyExists) where another run is writing `target` now.
void clear_unfinished(const std::filesystem::path& target);

/// A name beside `target` for what is moved out of its way; free.
[[nodiscard]] std::filesystem::path aside_name(const std::filesystem::path& target);

/// Locks an existing directory against other runs that work in it, for as long as the descriptor is open.
/// Throws Error(kAlreadyExists) where another run does, as `throw_system_error` where it cannot be opened.
[[nodiscard]] Descriptor lock_directory(const std::filesystem::path& directory);

}  // namespace prunenet
