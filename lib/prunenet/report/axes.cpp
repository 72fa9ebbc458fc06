#include "prunenet/report/axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

namespace prunenet {

namespace {

using Tics = std::vector<std::pair<std::string, double>>;

constexpr double kRoom = 0.06;  // of the axis, at both ends

std::string short_number(double value) {
  if (value >= 1e6) return fmt::format("{:g}M", value / 1e6);
  return value >= 1e4 ? fmt::format("{:g}k", value / 1e3) : fmt::format("{:g}", value);
}

/// As many marks as can be read: fewer a decade where there are more decades.
std::vector<double> steps_of(double decades) {
  if (decades < 0.7) return {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
  if (decades < 1.3) return {1, 1.5, 2, 3, 5, 7};
  return decades < 3.5 ? std::vector<double>{1, 2, 5} : std::vector<double>{1};
}

Tics decimal_tics(double low, double high) {
  Tics tics;
  const std::vector<double> steps = steps_of(std::log10(high / low));
  for (double decade = std::floor(std::log10(low)); decade <= std::ceil(std::log10(high)); decade += 1.0) {
    for (const double step : steps)
      tics.emplace_back(short_number(step * std::pow(10.0, decade)), step * std::pow(10.0, decade));
  }
  return tics;
}

std::string commands(const std::string& axis, double low, double high, const Tics& tics) {
  std::string list;
  for (const auto& [label, value] : tics) {
    if (value < low || value > high) continue;
    list += fmt::format("{}'{}' {:.10g}", list.empty() ? "" : ", ", label, value);
  }
  return fmt::format("set logscale {0}\nset {0}range [{1:.8g}:{2:.8g}]\nset {0}tics ({3})\n", axis, low, high, list);
}

std::pair<double, double> with_room(const Extent& extent) {
  const double factor = std::max(std::pow(extent.largest() / extent.smallest(), kRoom), 1.05);
  return {extent.smallest() / factor, extent.largest() * factor};
}

double smallest_gap(const std::vector<double>& ratios) {
  double gap = 0.1;
  for (std::size_t index = 1; index < ratios.size(); ++index) gap = std::min(gap, ratios[index] - ratios[index - 1]);
  return 100.0 * gap;
}

}  // namespace

void Extent::add(double value) {
  if (empty()) {
    smallest_ = largest_ = value;
  } else {
    smallest_ = std::min(smallest_, value);
    largest_ = std::max(largest_, value);
  }
}

std::string log_axis(const std::string& axis, const Extent& extent) {
  const auto [low, high] = with_room(extent);
  return commands(axis, low, high, decimal_tics(low, high));
}

std::string log_seconds_axis(const std::string& axis, const Extent& extent) {
  constexpr std::array<const char*, 9> kLabels{"1 ms",  "10 ms",  "0.1 s", "1 s",   "10 s",
                                               "100 s", "1000 s", "10k s", "100k s"};
  const auto [low, high] = with_room(extent);
  const std::size_t step = high > 2e4 * low ? 2 : 1;  // more do not fit beside the labels of methods
  Tics tics;
  for (std::size_t at = 0; at < kLabels.size(); at += step) {
    tics.emplace_back(kLabels[at], std::pow(10.0, static_cast<double>(at) - 3.0));
  }
  return commands(axis, low, high, tics);
}

std::string amount_axis(const std::string& axis, double largest, const std::string& unit) {
  const double decade = std::pow(10.0, std::floor(std::log10(largest)));
  double step = 0.5 * decade;
  if (largest >= 2.0 * decade) step = decade;
  if (largest >= 4.0 * decade) step = 2.0 * decade;
  return fmt::format("set {0}range [0:{1:.6g}]\nset {0}tics {2:.6g}\nset {0}label '{3}' offset 0,0.3\n", axis,
                     1.05 * largest, step, unit);
}

std::int64_t round_step(std::int64_t about) {
  std::int64_t decade = 1;
  while (10 * decade <= about) decade *= 10;
  if (about >= 5 * decade) return 5 * decade;
  return about >= 2 * decade ? 2 * decade : decade;
}

std::string layer_axis(std::size_t count) {
  return fmt::format("set xrange [-0.5:{}.5]\nset xtics {}\nset xlabel 'layer' offset 0,0.3\n", count - 1,
                     round_step(static_cast<std::int64_t>(count + 5) / 6));
}

std::string ratio_axis(const std::vector<double>& ratios) {
  std::string tics;
  for (const double ratio : ratios) {
    tics += fmt::format("{}'{:g} %%' {:g}", tics.empty() ? "" : ", ", 100.0 * ratio, 100.0 * ratio);
  }
  const double room = 0.6 * smallest_gap(ratios);
  return fmt::format("set xrange [{:g}:{:g}]\nset xtics ({})\nset xlabel 'neurons removed' offset 0,0.3\n",
                     100.0 * ratios.front() - room, 100.0 * ratios.back() + room, tics);
}

std::vector<double> ratios_of(const Comparison& comparison) {
  std::set<double> ratios;
  for (const Method& method : comparison.methods) {
    for (const Cell& cell : method.cells) ratios.insert(cell.ratio);
  }
  return {ratios.begin(), ratios.end()};
}

double series_offset(const Comparison& comparison, std::size_t method) {
  const auto count = static_cast<double>(comparison.methods.size());
  const double width = 0.35 * smallest_gap(ratios_of(comparison));
  return count < 2 ? 0.0 : width * (static_cast<double>(method) / (count - 1.0) - 0.5);
}

}  // namespace prunenet
