#include "progress_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "human.h"

namespace prunenet::cli {

namespace {

constexpr int kWidestBar = 40;
constexpr int kNarrowestBar = 5;

double rate(const StageState& state) {
  return state.seconds > 0.0 ? static_cast<double>(state.done) / state.seconds : 0.0;
}

std::string amount(std::uint64_t count, const StageState& state) {
  return state.unit == "bytes" ? human_bytes(count) : std::to_string(count);
}

std::string counts(const StageState& state) {
  std::string text = amount(state.done, state);
  if (state.total > 0) text = fmt::format("{}/{}", text, amount(state.total, state));
  return state.unit == "bytes" ? text : fmt::format("{} {}", text, state.unit);
}

std::string speed(const StageState& state) {
  if (state.unit == "bytes") return fmt::format("{}/s", human_bytes(static_cast<std::uint64_t>(rate(state))));
  return fmt::format("{}/s", human_count(rate(state)));
}

bool has_time_left(const StageState& state) {
  return state.done > 0 && state.done < state.total;
}

std::string time_left(const StageState& state) {
  return fmt::format("{} left", human_seconds(static_cast<double>(state.total - state.done) / rate(state)));
}

int percent(const StageState& state) {
  return static_cast<int>(100.0 * static_cast<double>(std::min(state.done, state.total)) /
                          static_cast<double>(state.total));
}

std::string draw(const StageState& state, int cells) {
  const int filled = cells * percent(state) / 100;
  const char* tip = filled < cells ? ">" : "";
  return fmt::format("[{:<{}}]", fmt::format("{:=<{}}{}", "", filled, tip), cells);
}

std::string with_status(const std::string& line, const StageState& state, const char* separator) {
  return state.status.empty() ? line : fmt::format("{}{}{}", line, separator, state.status);
}

}  // namespace

std::string render_bar(const StageState& state, int columns) {
  const bool known = state.total > 0;
  std::string head = state.stage;
  if (known) head += fmt::format(" {:3}%", percent(state));
  std::string tail = counts(state) + "  " + speed(state);
  if (has_time_left(state)) tail += "  " + time_left(state);
  tail = with_status(tail, state, "  ");

  std::string line = head + " ";
  // Two brackets and a space beside the bar's cells.
  const int room = columns - static_cast<int>(line.size() + tail.size()) - 3;
  if (known && room >= kNarrowestBar) line += draw(state, std::min(room, kWidestBar)) + " ";
  line += tail;
  return line.substr(0, static_cast<std::size_t>(std::max(columns, 0)));
}

std::string render_log_line(const StageState& state) {
  std::string line = fmt::format("{}: {}", state.stage, counts(state));
  if (state.total > 0) line += fmt::format(" ({}%)", percent(state));
  line += ", " + speed(state);
  if (has_time_left(state)) line += ", " + time_left(state);
  return with_status(line, state, ", ");
}

std::string render_end_of_stage(const StageState& state) {
  const std::string unit = state.unit == "bytes" ? "" : fmt::format(" {}", state.unit);
  return with_status(fmt::format("{}: {}{} in {}, {}", state.stage, amount(state.done, state), unit,
                                 human_seconds(state.seconds), speed(state)),
                     state, ", ");
}

}  // namespace prunenet::cli
