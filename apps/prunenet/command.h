#pragma once

#include "exit_code.h"
#include "verbs.h"

namespace prunenet::cli {

/// The whole command: runs the verb that the first argument names, and says on standard error, in one line, why it
/// failed where it did.
ExitCode run_command(const Arguments& arguments);

}  // namespace prunenet::cli
