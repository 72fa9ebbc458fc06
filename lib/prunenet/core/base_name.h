#pragma once

#include <filesystem>
#include <string>

namespace prunenet {

/// The name by which records and people know a directory or file: the last part of its absolute path, "smollm2" of
/// "smollm2", "smollm2/" and "x/../smollm2/.". Links are not followed.
[[nodiscard]] std::string base_name(const std::filesystem::path& path);

}  // namespace prunenet
