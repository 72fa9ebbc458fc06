#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/process.h"
#include "faults.h"

namespace prunenet::testing {

/// What happens to a run.
struct Accident {
  Fault fault = Fault::kNone;
  std::uint64_t nth = 0;                                    ///< at this call
  std::optional<std::chrono::microseconds> killed_after{};  ///< SIGKILL after this time, wherever it then is
};

struct Ended {
  Finished finished;  ///< exit code -1 where a signal killed it
  CallCounts counts;
  std::chrono::microseconds time{};
};

/// The command in a child of this process, which spares the loading of libraries; all that `main` does but for
/// starting itself anew.
[[nodiscard]] Ended run_forked(std::vector<std::string> arguments, const Accident& accident = {});

}  // namespace prunenet::testing
