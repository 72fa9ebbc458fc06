#include "prunenet/family/number_scan.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

namespace prunenet {

namespace {

std::string plural(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

NumberScan::NumberScan(const std::vector<std::int64_t>& shape, NeuronsAre neurons) : neurons_(neurons) {
  if (neurons == NeuronsAre::kNone) return;
  columns_ = static_cast<std::uint64_t>(shape.at(1));
  const auto count = static_cast<std::size_t>(shape.at(neurons == NeuronsAre::kColumns ? 1 : 0));
  smallest_.assign(count, std::numeric_limits<float>::infinity());
  largest_.assign(count, -std::numeric_limits<float>::infinity());
}

void NumberScan::add(std::uint64_t first, std::span<const float> values) {
  not_finite_ +=
      static_cast<std::size_t>(std::ranges::count_if(values, [](float value) { return !std::isfinite(value); }));
  if (neurons_ == NeuronsAre::kNone) return;
  std::uint64_t row = first / columns_;
  std::uint64_t column = first % columns_;
  while (!values.empty()) {
    const std::size_t count = std::min<std::size_t>(columns_ - column, values.size());
    add_to_row(row, column, values.first(count));
    values = values.subspan(count);
    ++row;
    column = 0;
  }
}

void NumberScan::add_to_row(std::uint64_t row, std::uint64_t column, std::span<const float> values) {
  const Eigen::Map<const Eigen::ArrayXf> part(values.data(), static_cast<Eigen::Index>(values.size()));
  if (neurons_ == NeuronsAre::kColumns) {
    Eigen::Map<Eigen::ArrayXf> smallest(smallest_.data() + column, part.size());
    Eigen::Map<Eigen::ArrayXf> largest(largest_.data() + column, part.size());
    smallest = smallest.min(part);
    largest = largest.max(part);
  } else {
    smallest_[row] = std::min(smallest_[row], part.minCoeff());
    largest_[row] = std::max(largest_[row], part.maxCoeff());
  }
}

std::vector<std::string> NumberScan::oddities() const {
  if (not_finite_ > 0) return {fmt::format("{} not finite", plural(not_finite_, "number"))};
  std::size_t zero = 0;
  std::size_t constant = 0;
  for (std::size_t i = 0; i < smallest_.size(); ++i) {
    if (smallest_[i] == largest_[i]) ++(largest_[i] == 0.0F ? zero : constant);
  }
  std::vector<std::string> found;
  if (zero > 0) found.push_back(plural(zero, "neuron") + " of zeros");
  if (constant > 0) found.push_back(plural(constant, "neuron") + " of one number");
  return found;
}

}  // namespace prunenet
