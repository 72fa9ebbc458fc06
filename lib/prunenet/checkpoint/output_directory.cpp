#include "prunenet/checkpoint/output_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/input_file.h"
#include "prunenet/checkpoint/output_file.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kCopyBytes = 4ULL << 20U;

[[noreturn]] void throw_io(const fs::path& path, const char* what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw Error(full ? ErrorKind::kOutOfSpace : ErrorKind::kIo,
              fmt::format("{}: {}: {}", path.string(), what, std::strerror(error)));
}

/// "DIR/.NAME.KIND-PID-N", of the first N that is free.
fs::path sibling(const fs::path& target, const char* kind) {
  for (int attempt = 0;; ++attempt) {
    fs::path candidate =
        target.parent_path() / fmt::format(".{}.{}-{}-{}", target.filename().string(), kind, ::getpid(), attempt);
    std::error_code ignored;
    if (!fs::exists(fs::symlink_status(candidate, ignored))) return candidate;
  }
}

void rename_or_throw(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return;
  if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{}: something else was put there meanwhile; choose another name", to.string()));
  }
  throw_io(to, "cannot be put in place", errno);
}

}  // namespace

fs::path resolve_path(const fs::path& path) {
  std::error_code status;
  const fs::path absolute = fs::absolute(path, status);
  fs::path resolved = status ? fs::path() : fs::weakly_canonical(absolute, status);
  if (status) throw_io(path, "cannot be resolved", status.value());
  return resolved.has_filename() ? resolved : resolved.parent_path();
}

void check_free_space(const fs::path& target, std::uint64_t needed_bytes) {
  fs::path existing = target.parent_path();
  std::error_code status;
  while (!fs::exists(existing, status) && existing.has_relative_path()) existing = existing.parent_path();
  const fs::space_info space = fs::space(existing, status);
  if (status) throw_io(existing, "cannot be examined", status.value());
  if (space.available < needed_bytes) {
    throw Error(ErrorKind::kOutOfSpace,
                fmt::format("{}: {} bytes are needed, {} are free there; free some space or choose another disk",
                            target.string(), needed_bytes, space.available));
  }
}

OutputDirectory::OutputDirectory(const fs::path& target, std::uint64_t needed_bytes, bool force)
    : target_(resolve_path(target)) {
  check_target(force);
  check_free_space(target_, needed_bytes);
  try {
    make_temporary();
  } catch (const Error&) {
    remove_what_was_made();
    throw;
  }
}

OutputDirectory::~OutputDirectory() {
  if (!committed_) remove_what_was_made();
}

void OutputDirectory::remove_what_was_made() noexcept {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
  if (first_made_parent_.empty()) return;
  // Parents go only as far as they are empty and ours.
  for (fs::path parent = target_.parent_path(); fs::remove(parent, ignored) && parent != first_made_parent_;) {
    parent = parent.parent_path();
  }
}

void OutputDirectory::check_target(bool force) const {
  std::error_code ignored;
  if (!fs::exists(target_, ignored)) return;
  if (!fs::is_directory(target_, ignored)) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{}: is a file; choose another output directory", target_.string()));
  }
  if (fs::is_empty(target_, ignored)) return;
  if (!force) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{}: exists and is not empty; choose another output directory, or replace it with --force",
                            target_.string()));
  }
  if (!fs::exists(target_ / kConfigFile, ignored)) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{}: holds no config.json, so is no model directory, and is not replaced even with --force",
                            target_.string()));
  }
}

void OutputDirectory::make_temporary() {
  std::error_code status;
  fs::path missing = target_.parent_path();
  while (!fs::exists(missing, status)) {
    first_made_parent_ = missing;
    missing = missing.parent_path();
  }
  fs::create_directories(target_.parent_path(), status);
  if (status) throw_io(target_.parent_path(), "cannot be made", status.value());
  temporary_ = sibling(target_, "tmp");
  if (::mkdir(temporary_.c_str(), 0777) != 0) throw_io(temporary_, "cannot be made", errno);
}

void OutputDirectory::commit() {
  for (const fs::directory_entry& item : fs::recursive_directory_iterator(temporary_)) {
    if (item.is_directory()) sync_directory(item.path());
  }
  sync_directory(temporary_);
  std::error_code ignored;
  if (fs::is_directory(target_, ignored) && !fs::is_empty(target_, ignored)) {
    replace_target();
  } else {
    rename_or_throw(temporary_, target_);  // over an empty directory this is one step
  }
  committed_ = true;
  sync_directory(target_.parent_path());
}

void OutputDirectory::replace_target() {
  const fs::path aside = sibling(target_, "old");
  rename_or_throw(target_, aside);
  try {
    rename_or_throw(temporary_, target_);
  } catch (const Error&) {
    std::error_code ignored;
    fs::rename(aside, target_, ignored);
    throw;
  }
  std::error_code ignored;
  fs::remove_all(aside, ignored);
}

void copy_file_durably(const fs::path& from, const fs::path& to) {
  const InputFile source(from);
  OutputFile copy(to);
  for (std::uint64_t done = 0; done < source.size();) {
    const std::uint64_t count = std::min(kCopyBytes, source.size() - done);
    copy.write(source.read(done, count));
    done += count;
  }
  copy.finish();
}

}  // namespace prunenet
