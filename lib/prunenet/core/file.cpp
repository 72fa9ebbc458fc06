#include "prunenet/core/file.h"

#include <fmt/format.h>

#include <span>

#include "prunenet/core/error.h"
#include "prunenet/core/input_file.h"

namespace prunenet {

std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const InputFile file(path);
  if (file.size() > max_bytes) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("{}: {} bytes, but at most {} are read here", path.string(), file.size(), max_bytes));
  }
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace prunenet
