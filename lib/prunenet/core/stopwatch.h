#pragma once

#include <chrono>
#include <ctime>

namespace prunenet {

/// Measures wall time from its construction, by a clock that never goes back.
class Stopwatch {
 public:
  /// Since construction.
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point start_ = Clock::now();
};

/// Of all threads of the process, so far.
[[nodiscard]] inline double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace prunenet
