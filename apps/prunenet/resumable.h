#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <system_error>

#include "prunenet/core/error.h"
#include "prunenet/train/training_files.h"

namespace prunenet::cli {

/// Failures that have nothing to do with what was asked for: the same command can go on after them.
inline constexpr std::initializer_list<ErrorKind> kResumableErrors = {ErrorKind::kInterrupted, ErrorKind::kOutOfSpace,
                                                                      ErrorKind::kIo};

/// Runs `work`, and says how to go on where one of these failures leaves something in `directory` to go on with.
template <typename Work>
auto say_how_to_resume(const std::filesystem::path& directory, std::initializer_list<ErrorKind> resumable, Work work) {
  try {
    return work();
  } catch (const Error& error) {
    std::error_code ignored;
    std::filesystem::remove(directory, ignored);  // only where it is empty
    const bool can_be_resumed = std::ranges::find(resumable, error.kind()) != resumable.end();
    if (!can_be_resumed || !has_training_files(directory)) throw;
    throw Error(error.kind(), fmt::format("{}; --resume goes on from {}", error.what(), directory.string()));
  }
}

/// Hours of work are not thrown away because --resume was forgotten. Throws Error(kAlreadyExists) where `directory`
/// has files of a training that is neither resumed nor given up.
void check_unfinished_work(const std::filesystem::path& directory, bool resume, bool force);

}  // namespace prunenet::cli
