#include "prunenet/core/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>

#include "prunenet/core/checked.h"
#include "prunenet/core/error.h"

namespace prunenet {

struct InputFile::Descriptor {
  explicit Descriptor(int opened) : value(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(value); }
  int value;
};

namespace {

void require_regular(const struct stat& status, const std::filesystem::path& path) {
  if (S_ISREG(status.st_mode)) return;
  throw Error(ErrorKind::kBadInput,
              fmt::format("{}: {}, and a file is needed here", path.string(),
                          S_ISDIR(status.st_mode) ? "is a directory" : "is a device, a pipe or a socket"));
}

}  // namespace

InputFile::InputFile(std::filesystem::path path) : path_(std::move(path)) {
  struct stat before {};
  if (::stat(path_.c_str(), &before) != 0) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: there is no such file", path_.string()));
  }
  require_regular(before, path_);  // before it is opened, which a device might take for more than a question
  const int opened = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0) {
    throw Error(ErrorKind::kIo, fmt::format("{}: cannot be opened: {}", path_.string(), std::strerror(errno)));
  }
  descriptor_ = std::make_shared<const Descriptor>(opened);
  struct stat status {};
  if (::fstat(opened, &status) != 0) {
    throw Error(ErrorKind::kIo, fmt::format("{}: cannot be examined: {}", path_.string(), std::strerror(errno)));
  }
  require_regular(status, path_);
  size_ = static_cast<std::uint64_t>(status.st_size);
  modified_seconds_ = status.st_mtim.tv_sec;
  modified_nanoseconds_ = status.st_mtim.tv_nsec;
}

void InputFile::check_unchanged() const {
  struct stat status {};
  if (::fstat(descriptor_->value, &status) != 0) {
    throw Error(ErrorKind::kIo, fmt::format("{}: cannot be examined: {}", path_.string(), std::strerror(errno)));
  }
  if (static_cast<std::uint64_t>(status.st_size) != size_ || status.st_mtim.tv_sec != modified_seconds_ ||
      status.st_mtim.tv_nsec != modified_nanoseconds_) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: changed while it was being read ({} bytes at first, {} now)",
                                                  path_.string(), size_, status.st_size));
  }
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  const auto end = checked_add(offset, bytes.size());
  if (!end || *end > size_) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: truncated: {} bytes wanted at offset {}, the file has {}",
                                                  path_.string(), bytes.size(), offset, size_));
  }
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pread(descriptor_->value, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw Error(ErrorKind::kIo, fmt::format("{}: reading failed: {}", path_.string(), std::strerror(errno)));
    }
    if (count == 0) break;  // it has shrunk
    done += static_cast<std::size_t>(count);
  }
  check_unchanged();
}

std::vector<std::byte> InputFile::read(std::uint64_t offset, std::uint64_t count) const {
  if (count > size_) {  // before the allocation
    throw Error(ErrorKind::kBadInput, fmt::format("{}: truncated: {} bytes wanted at offset {}, the file has {}",
                                                  path_.string(), count, offset, size_));
  }
  std::vector<std::byte> bytes;
  try {
    bytes.resize(count);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kOutOfSpace, fmt::format("{}: not enough memory for {} bytes", path_.string(), count));
  }
  read(offset, bytes);
  return bytes;
}

}  // namespace prunenet
