#include "prunenet/core/unfinished.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/system_error.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

constexpr const char* kTemporary = "tmp";
constexpr const char* kAside = "old";

enum class Lock { kTaken, kHeldByAnother, kImpossible };

/// Some network file systems cannot lock.
Lock try_lock(const Descriptor& descriptor) {
  while (::flock(descriptor.value(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR) return errno == EWOULDBLOCK ? Lock::kHeldByAnother : Lock::kImpossible;
  }
  return Lock::kTaken;
}

fs::path parent_of(const fs::path& target) {
  return target.has_parent_path() ? target.parent_path() : ".";
}

std::string prefix_of(const fs::path& target, std::string_view kind) {
  return fmt::format(".{}.{}-", target.filename().string(), kind);
}

fs::path numbered(const fs::path& target, std::string_view kind, int attempt) {
  return target.parent_path() / fmt::format("{}{}-{}", prefix_of(target, kind), ::getpid(), attempt);
}

/// Whether a name is the prefix followed by PID-N, so one of ours.
bool is_numbered(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  const std::size_t dash = name.find('-');
  const auto digits = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return dash != std::string_view::npos && digits(name.substr(0, dash)) && digits(name.substr(dash + 1));
}

std::vector<fs::path> siblings(const fs::path& target, std::string_view kind) {
  const std::string prefix = prefix_of(target, kind);
  std::vector<fs::path> found;
  std::error_code status;
  for (fs::directory_iterator item(parent_of(target), status), end; !status && item != end; item.increment(status)) {
    if (is_numbered(item->path().filename().string(), prefix)) found.push_back(item->path());
  }
  std::ranges::sort(found);
  return found;
}

/// Not through a link, and not waiting for the other end of a pipe.
Descriptor open_to_lock(const fs::path& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

/// Whether `path` still names what the descriptor is open on: between making it and locking it another run may have
/// taken it for abandoned.
bool is_still_there(const fs::path& path, const Descriptor& descriptor) {
  struct stat named {};
  struct stat opened {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(descriptor.value(), &opened) == 0 &&
         named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

/// Nothing where the name is taken.
Descriptor make(const fs::path& path, UnfinishedKind kind) {
  constexpr mode_t kFileMode = 0666;
  constexpr mode_t kDirectoryMode = 0777;
  if (kind == UnfinishedKind::kFile) {
    return Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  }
  return ::mkdir(path.c_str(), kDirectoryMode) == 0 ? open_to_lock(path) : Descriptor();
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    value_ = std::exchange(other.value_, -1);
  }
  return *this;
}

int Descriptor::close() noexcept {
  const int closing = std::exchange(value_, -1);
  return closing < 0 ? 0 : ::close(closing);
}

Unfinished make_unfinished(const fs::path& target, UnfinishedKind kind) {
  for (int attempt = 0;; ++attempt) {
    Unfinished made{numbered(target, kTemporary, attempt), Descriptor()};
    made.descriptor = make(made.path, kind);
    if (made.descriptor.value() < 0) {
      if (errno == EEXIST) continue;
      throw_system_error(target, kind == UnfinishedKind::kFile ? "cannot be written" : "cannot be made", errno);
    }
    if (try_lock(made.descriptor) != Lock::kHeldByAnother && is_still_there(made.path, made.descriptor)) return made;
  }
}

void clear_unfinished(const fs::path& target) {
  for (const fs::path& path : siblings(target, kTemporary)) {
    const Descriptor descriptor = open_to_lock(path);
    if (descriptor.value() < 0) continue;
    const Lock lock = try_lock(descriptor);
    if (lock == Lock::kHeldByAnother) {
      throw Error(ErrorKind::kAlreadyExists,
                  fmt::format("{}: another run is writing it now, as {}; wait for it, or choose another name",
                              target.string(), path.filename().string()));
    }
    std::error_code ignored;
    if (lock == Lock::kTaken) fs::remove_all(path, ignored);
  }
  for (const fs::path& path : siblings(target, kAside)) {
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(target, ignored))) {
      fs::remove_all(path, ignored);
    } else {
      fs::rename(path, target, ignored);
    }
  }
}

fs::path aside_name(const fs::path& target) {
  for (int attempt = 0;; ++attempt) {
    fs::path candidate = numbered(target, kAside, attempt);
    std::error_code ignored;
    if (!fs::exists(fs::symlink_status(candidate, ignored))) return candidate;
  }
}

Descriptor lock_directory(const fs::path& directory) {
  Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.value() < 0) throw_system_error(directory, "cannot be opened", errno);
  if (try_lock(descriptor) == Lock::kHeldByAnother) {
    throw Error(
        ErrorKind::kAlreadyExists,
        fmt::format("{}: another run is working there now; wait for it, or choose another name", directory.string()));
  }
  return descriptor;
}

}  // namespace prunenet
