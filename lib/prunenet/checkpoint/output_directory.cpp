#include "prunenet/checkpoint/output_directory.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/core/error.h"
#include "prunenet/core/input_file.h"
#include "prunenet/core/output_file.h"
#include "prunenet/core/system_error.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kCopyBytes = 4ULL << 20U;

void rename_or_throw(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return;
  if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{}: something else was put there meanwhile; choose another name", to.string()));
  }
  throw_system_error(to, "cannot be put in place", errno);
}

/// In two steps, where the file system cannot exchange names. Killed between the two, the next run puts the old one
/// back.
void replace_by_two_renames(const fs::path& from, const fs::path& to) {
  const fs::path aside = aside_name(to);
  rename_or_throw(to, aside);
  try {
    rename_or_throw(from, to);
  } catch (const Error&) {
    std::error_code ignored;
    fs::rename(aside, to, ignored);
    throw;
  }
  std::error_code ignored;
  fs::remove_all(aside, ignored);
}

}  // namespace

fs::path resolve_path(const fs::path& path) {
  std::error_code status;
  const fs::path absolute = fs::absolute(path, status);
  fs::path resolved = status ? fs::path() : fs::weakly_canonical(absolute, status);
  if (status) throw_system_error(path, "cannot be resolved", status.value());
  return resolved.has_filename() ? resolved : resolved.parent_path();
}

void check_apart(const fs::path& input, const fs::path& output) {
  const auto lies_in = [](const fs::path& inner, const fs::path& outer) {
    const fs::path relative = inner.lexically_relative(outer);
    return !relative.empty() && *relative.begin() != "..";
  };
  const fs::path from = resolve_path(input);
  const fs::path to = resolve_path(output);
  if (lies_in(from, to)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{}: the output would replace {}, which it is made from; choose another output directory",
                            output.string(), input.string()));
  }
  if (lies_in(to, from)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{}: the output would lie in {}, which it is made from and which is only read; choose "
                            "another output directory",
                            output.string(), input.string()));
  }
}

void check_output_file(const fs::path& input, const fs::path& output, bool force) {
  if (resolve_path(input) == resolve_path(output)) {
    throw Error(
        ErrorKind::kInvalidArgument,
        fmt::format("{}: the output would replace the model it is made from; choose another name", output.string()));
  }
  if (fs::exists(fs::symlink_status(output)) && !force) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{}: exists; choose another name, or replace it with --force", output.string()));
  }
}

void check_free_space(const fs::path& target, std::uint64_t needed_bytes) {
  fs::path existing = target.parent_path();
  std::error_code status;
  while (!fs::exists(existing, status) && existing.has_relative_path()) existing = existing.parent_path();
  const fs::space_info space = fs::space(existing, status);
  if (status) throw_system_error(existing, "cannot be examined", status.value());
  if (space.available < needed_bytes) {
    throw Error(ErrorKind::kOutOfSpace,
                fmt::format("{}: {} bytes are needed, {} are free there; free some space or choose another disk",
                            target.string(), needed_bytes, space.available));
  }
}

OutputDirectory::OutputDirectory(const fs::path& target, std::uint64_t needed_bytes, bool force)
    : target_(resolve_path(target)), force_(force) {
  clear_unfinished(target_);
  check_target(force);
  check_free_space(target_, needed_bytes);
  try {
    make_parents();
    temporary_ = make_unfinished(target_, UnfinishedKind::kDirectory);
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
  if (!temporary_.path.empty()) fs::remove_all(temporary_.path, ignored);
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

void OutputDirectory::make_parents() {
  std::error_code status;
  fs::path missing = target_.parent_path();
  while (!fs::exists(missing, status)) {
    first_made_parent_ = missing;
    missing = missing.parent_path();
  }
  fs::create_directories(target_.parent_path(), status);
  if (status) throw_system_error(target_.parent_path(), "cannot be made", status.value());
}

void OutputDirectory::commit() {
  for (const fs::directory_entry& item : fs::recursive_directory_iterator(temporary_.path)) {
    if (item.is_directory()) sync_directory(item.path());
  }
  sync_directory(temporary_.path);
  put_in_place();
  committed_ = true;
  fs::path parent = target_.parent_path();
  sync_directory(parent);
  if (first_made_parent_.empty()) return;
  while (parent != first_made_parent_.parent_path()) sync_directory(parent = parent.parent_path());
}

void OutputDirectory::put_in_place() {
  const fs::path& made = temporary_.path;
  std::error_code ignored;
  if (!force_ || !fs::is_directory(target_, ignored) || fs::is_empty(target_, ignored)) {
    rename_or_throw(made, target_);  // over an empty directory this is one step
  } else if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0) {
    fs::remove_all(made, ignored);
  } else {
    replace_by_two_renames(made, target_);
  }
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
