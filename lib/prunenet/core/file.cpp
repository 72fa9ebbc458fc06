#include "prunenet/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

[[noreturn]] void throw_write_error(const std::filesystem::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw Error(full ? ErrorKind::kOutOfSpace : ErrorKind::kIo,
              fmt::format("{}: writing failed: {}{}", path.string(), std::strerror(error),
                          full ? "; free some space or choose another disk" : ""));
}

}  // namespace

std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  std::error_code status;
  if (!std::filesystem::is_regular_file(path, status)) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: there is no such file", path.string()));
  }
  const std::uint64_t size = std::filesystem::file_size(path, status);
  if (status || size > max_bytes) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("{}: {} bytes, but at most {} are read here", path.string(), size, max_bytes));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) throw Error(ErrorKind::kBadInput, fmt::format("{}: cannot be read", path.string()));
  return std::move(content).str();
}

void write_file_atomically(const std::filesystem::path& path, const std::string& content) {
  const std::filesystem::path temporary = path.string() + fmt::format(".tmp-{}", ::getpid());
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) throw_write_error(path, errno);
  std::size_t written = 0;
  int failure = 0;
  while (written < content.size() && failure == 0) {
    const ssize_t count = ::write(descriptor, content.data() + written, content.size() - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      failure = errno;
    }
  }
  if (failure == 0 && ::fsync(descriptor) != 0) failure = errno;
  if (::close(descriptor) != 0 && failure == 0) failure = errno;
  if (failure == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) failure = errno;
  if (failure != 0) {
    ::unlink(temporary.c_str());
    throw_write_error(path, failure);
  }
}

}  // namespace prunenet
