#pragma once

#include <cstdint>
#include <string>

namespace prunenet::cli {

/// Where a stage stands.
struct StageState {
  std::string stage;  ///< "sampling"
  std::string unit;   ///< "tokens"
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< 0 where it is not known
  double seconds = 0.0;     ///< since the stage began
  std::string status;       ///< "reward 1.234"; may be empty
};

/// "training  42% [=====>     ] 630/1500 steps  9.8/s  1m29s left  reward 1.234", at most `columns` wide: the bar
/// shrinks first, then the end is cut.
[[nodiscard]] std::string render_bar(const StageState& state, int columns);

/// The same facts for a log: "training: 630/1500 steps (42%), 9.8/s, 1m29s left, reward 1.234".
[[nodiscard]] std::string render_log_line(const StageState& state);

/// "training: 1500 steps in 2m33s, 9.8/s, reward 1.234".
[[nodiscard]] std::string render_end_of_stage(const StageState& state);

}  // namespace prunenet::cli
