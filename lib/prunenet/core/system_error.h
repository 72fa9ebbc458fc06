#pragma once

#include <filesystem>
#include <string_view>

namespace prunenet {

/// Throws what the operating system said of a path, in `error` (an errno): Error(kOutOfSpace) for a full disk, a quota
/// or a limit of file size, Error(kIo) otherwise. `what`: "writing failed".
[[noreturn]] void throw_system_error(const std::filesystem::path& path, std::string_view what, int error);

}  // namespace prunenet
