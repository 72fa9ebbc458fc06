#include "json_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace prunenet::cli {

namespace {

/// "2026-01-31T23:59:59.123Z"
std::string utc_time(std::chrono::system_clock::time_point time) {
  using std::chrono::milliseconds;
  const auto whole = std::chrono::floor<milliseconds>(time);
  return fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)),
                     whole.time_since_epoch().count() % milliseconds::period::den);
}

}  // namespace

std::string json_line(std::string_view level, std::string_view event, std::string_view message, nlohmann::json fields) {
  fields["time"] = utc_time(std::chrono::system_clock::now());
  fields["level"] = level;
  fields["event"] = event;
  if (!message.empty()) fields["message"] = message;
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  return fields.dump(-1, ' ', false, kReplace);
}

}  // namespace prunenet::cli
