#include "terminal_progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "interrupt.h"
#include "json_line.h"

namespace prunenet::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenBars{100};
constexpr milliseconds kBetweenLogLines{15'000};
/// Shorter stages leave no line of their own: tiny models run through a dozen of them.
constexpr double kWorthALine = 0.5;
constexpr int kColumnsIfUnknown = 80;

bool on_terminal() {
  const char* terminal = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
  return ::isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

int terminal_columns() {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kColumnsIfUnknown;
  return size.ws_col;
}

nlohmann::json stage_json(const StageState& state) {
  nlohmann::json fields = {{"stage", state.stage},
                           {"unit", state.unit},
                           {"done", state.done},
                           {"total", state.total > 0 ? nlohmann::json(state.total) : nlohmann::json()},
                           {"seconds", state.seconds}};
  if (!state.status.empty()) fields["status"] = state.status;
  return fields;
}

}  // namespace

TerminalProgress::TerminalProgress(std::shared_ptr<spdlog::logger> logger, bool quiet, bool json)
    : logger_(std::move(logger)),
      style_(quiet ? Style::kQuiet : (on_terminal() && !json ? Style::kBar : Style::kLog)),
      json_(json) {}

TerminalProgress::~TerminalProgress() {
  // A failed stage has no end to report, only a bar to take off the screen.
  if (std::uncaught_exceptions() == 0) {
    finish();
  } else {
    erase_bar();
  }
}

void TerminalProgress::begin(std::string_view stage, std::string_view unit, std::uint64_t total) {
  throw_if_interrupted();
  finish();
  state_ = {
      .stage = std::string(stage), .unit = std::string(unit), .done = 0, .total = total, .seconds = 0.0, .status = ""};
  began_ = Clock::now();
  shown_ = began_;
  in_stage_ = true;
  if (style_ == Style::kBar) draw_bar();
}

void TerminalProgress::advance(std::uint64_t units) {
  throw_if_interrupted();
  state_.done += units;
  update();
}

void TerminalProgress::status(std::string_view text) {
  throw_if_interrupted();
  state_.status = text;
  update();
}

void TerminalProgress::note(std::string_view text) {
  throw_if_interrupted();
  if (style_ == Style::kQuiet) return;
  erase_bar();
  say(spdlog::level::info, "note", text);
}

void TerminalProgress::warn(std::string_view text) {
  throw_if_interrupted();
  erase_bar();
  say(spdlog::level::warn, "warning", text);
}

void TerminalProgress::point(const nlohmann::json& point) {
  if (json_ && style_ != Style::kQuiet) say(spdlog::level::info, "point", "", {{"point", point}});
}

void TerminalProgress::finish() {
  if (!std::exchange(in_stage_, false)) return;
  erase_bar();
  state_.seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  if (style_ == Style::kQuiet || (state_.seconds < kWorthALine && !json_)) return;
  say(spdlog::level::info, "stage", render_end_of_stage(state_), stage_json(state_));
}

void TerminalProgress::update() {
  if (!in_stage_ || style_ == Style::kQuiet) return;
  const Clock::time_point now = Clock::now();
  if (now - shown_ < (style_ == Style::kBar ? kBetweenBars : kBetweenLogLines)) return;
  shown_ = now;
  state_.seconds = std::chrono::duration<double>(now - began_).count();
  if (style_ == Style::kBar) {
    draw_bar();
  } else {
    say(spdlog::level::info, "progress", render_log_line(state_), stage_json(state_));
  }
}

void TerminalProgress::say(spdlog::level::level_enum level, std::string_view event, std::string_view text,
                           nlohmann::json fields) {
  if (json_) {
    logger_->log(level, "{}", json_line(spdlog::level::to_string_view(level).data(), event, text, std::move(fields)));
  } else {
    logger_->log(level, "{}", text);
  }
}

void TerminalProgress::draw_bar() {
  // One column stays free: a line that fills the terminal would wrap. ESC [K clears what the last bar left.
  fmt::print(stderr, "\r{}\033[K", render_bar(state_, terminal_columns() - 1));
  std::fflush(stderr);
  bar_is_drawn_ = true;
}

void TerminalProgress::erase_bar() {
  if (!std::exchange(bar_is_drawn_, false)) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace prunenet::cli
