#include "prunenet/core/file.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "prunenet/core/error.h"

namespace prunenet {

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

}  // namespace prunenet
