#pragma once

#include <exception>
#include <string>

#include "prunenet/core/error.h"

namespace prunenet::cli {

/// What the command returns to the shell; docs/cli.md lists them.
enum ExitCode : int {
  kDone = 0,
  kFailed = 1,        ///< the computation or the operating system failed
  kUsage = 2,         ///< an option or recipe value is wrong, or an output is in the way
  kBadInputFile = 3,  ///< an input is missing, malformed, not supported, or does not belong to the others
  kNoRoom = 4,        ///< not enough memory or disk
  kInterruptedBySignal = 130,
};

[[nodiscard]] ExitCode exit_code_of(ErrorKind kind);

/// Exit code and one-line message of whatever a verb threw.
struct Failure {
  ExitCode code = kFailed;
  std::string message;
};
[[nodiscard]] Failure describe(const std::exception_ptr& thrown);

}  // namespace prunenet::cli
