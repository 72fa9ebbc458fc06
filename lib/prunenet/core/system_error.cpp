#include "prunenet/core/system_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "prunenet/core/error.h"

namespace prunenet {

void throw_system_error(const std::filesystem::path& path, std::string_view what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw Error(full ? ErrorKind::kOutOfSpace : ErrorKind::kIo,
              fmt::format("{}: {}: {}{}", path.string(), what, std::strerror(error),
                          full ? "; free some space or choose another disk" : ""));
}

}  // namespace prunenet
