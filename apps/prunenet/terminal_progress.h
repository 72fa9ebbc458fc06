#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "progress_line.h"
#include "prunenet/core/progress.h"

namespace prunenet::cli {

/// Progress of a verb on standard error: a bar that redraws itself on a terminal, plain lines now and then elsewhere,
/// or lines of JSON (docs/cli.md, "What goes where").
/// Every call is also where a verb notices SIGINT, SIGTERM and SIGHUP, and throws Error(kInterrupted).
class TerminalProgress final : public Progress {
 public:
  /// `quiet` leaves only warnings. `json`: whole lines are objects, and the logger adds nothing to them.
  TerminalProgress(std::shared_ptr<spdlog::logger> logger, bool quiet, bool json);
  ~TerminalProgress() override;
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;

  void begin(std::string_view stage, std::string_view unit, std::uint64_t total) override;
  void advance(std::uint64_t units) override;
  void status(std::string_view text) override;
  void note(std::string_view text) override;
  void warn(std::string_view text) override;

  /// A point of a learning curve, which lines of JSON show and the others leave to their status.
  void point(const nlohmann::json& point);

  /// Ends the stage in progress, if there is one: before a verb prints its results.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Style { kBar, kLog, kQuiet };

  /// A line of this kind: text as it is, or an object with what is given.
  void say(spdlog::level::level_enum level, std::string_view event, std::string_view text,
           nlohmann::json fields = nlohmann::json::object());

  void update();
  void draw_bar();
  void erase_bar();

  std::shared_ptr<spdlog::logger> logger_;
  Style style_;
  bool json_;
  bool in_stage_ = false;
  bool bar_is_drawn_ = false;
  StageState state_;
  Clock::time_point began_;
  Clock::time_point shown_;
};

}  // namespace prunenet::cli
