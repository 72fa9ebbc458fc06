#pragma once

#include <filesystem>

#include "prunenet/plan/plan.h"

namespace prunenet::cli {

/// Throws Error(kBadInput) naming the file and what is wrong in it.
[[nodiscard]] Plan read_plan_file(const std::filesystem::path& path);

/// Complete or not at all. Throws Error(kOutOfSpace) or Error(kIo).
void write_plan_file(const std::filesystem::path& path, const Plan& plan);

}  // namespace prunenet::cli
