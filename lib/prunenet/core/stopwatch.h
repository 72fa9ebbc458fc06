#pragma once

#include <chrono>

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

}  // namespace prunenet
