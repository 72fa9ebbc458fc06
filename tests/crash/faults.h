#pragma once

#include <cstdint>

namespace prunenet::testing {

/// What goes wrong with a call to the operating system that concerns a regular file.
enum class Fault {
  kNone,
  kKill,       ///< SIGKILL before a call that changes files; a write has by then been half done
  kInterrupt,  ///< SIGINT before such a call
  kTerminate,  ///< SIGTERM before such a call
  kHangUp,     ///< SIGHUP before such a call
  kDiskFull,   ///< from that call on nothing can be made or written
  kReadError,  ///< that read fails
};

/// Calls that change files, and calls that read them.
struct CallCounts {
  std::uint64_t changes = 0;
  std::uint64_t reads = 0;
};

/// From here on this process meets `fault` at its `nth` call, counted from 1, and counts calls in `counts`, which may
/// lie in memory that is shared with its parent. The C library's functions are replaced in the whole program; before
/// this call they do what they always do.
void meet_fault(Fault fault, std::uint64_t nth, CallCounts& counts);

}  // namespace prunenet::testing
