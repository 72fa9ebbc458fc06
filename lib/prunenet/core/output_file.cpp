#include "prunenet/core/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/system_error.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

constexpr const char* kWritingFailed = "writing failed";

void write_all(const Descriptor& descriptor, std::span<const std::byte> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor.value(), bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) throw_system_error(path, kWritingFailed, errno);
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

/// Where a link leads; a link that leads nowhere is itself replaced.
fs::path follow(const fs::path& path) {
  std::error_code status;
  if (!fs::is_symlink(path, status)) return path;
  const fs::path target = fs::canonical(path, status);
  return status ? path : target;
}

Unfinished begin(const fs::path& target) {
  std::error_code ignored;
  const fs::file_status status = fs::status(target, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{}: is {}; a file name is needed", target.string(),
                            fs::is_directory(status) ? "a directory" : "a device or a pipe"));
  }
  clear_unfinished(target);
  return make_unfinished(target, UnfinishedKind::kFile);
}

bool is_device_or_pipe(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  return fs::is_character_file(status) || fs::is_fifo(status);
}

}  // namespace

OutputFile::OutputFile(const fs::path& path) : target_(follow(path)), temporary_(begin(target_)) {}

OutputFile::~OutputFile() {
  if (temporary_.descriptor.value() >= 0) ::unlink(temporary_.path.c_str());
}

void OutputFile::write(std::span<const std::byte> bytes) {
  write_all(temporary_.descriptor, bytes, target_);
}

void OutputFile::finish(const std::function<void(const fs::path&)>& check) {
  if (::fsync(temporary_.descriptor.value()) != 0) throw_system_error(target_, kWritingFailed, errno);
  if (check) check(temporary_.path);
  if (::rename(temporary_.path.c_str(), target_.c_str()) != 0) {
    throw_system_error(target_, "cannot be put in place", errno);
  }
  temporary_.descriptor.close();  // nothing is left to fail: all bytes are on the disk
  sync_directory(target_.has_parent_path() ? target_.parent_path() : ".");
}

void write_file_atomically(const fs::path& path, const std::string& content) {
  const auto bytes = std::as_bytes(std::span(content));
  if (is_device_or_pipe(path)) {
    const Descriptor descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (descriptor.value() < 0) throw_system_error(path, "cannot be written", errno);
    write_all(descriptor, bytes, path);
    return;
  }
  OutputFile file(path);
  file.write(bytes);
  file.finish();
}

void sync_directory(const fs::path& directory) {
  const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.value() >= 0 && ::fsync(descriptor.value()) == 0) return;
  if (errno != EINVAL) throw_system_error(directory, "cannot be synced", errno);  // a file system without such syncs
}

}  // namespace prunenet
