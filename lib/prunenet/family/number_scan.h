#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace prunenet {

/// What the neurons of a matrix are.
enum class NeuronsAre { kNone, kRows, kColumns };

/// Looks at every number of a tensor, in pieces, for what nobody wants to find there. Memory: two numbers a neuron.
class NumberScan {
 public:
  /// A matrix of neurons has two dimensions.
  NumberScan(const std::vector<std::int64_t>& shape, NeuronsAre neurons);

  /// Elements from number `first` on, in the order of the file; each once.
  void add(std::uint64_t first, std::span<const float> values);

  /// Numbers that are not finite, or else neurons that are of one and the same number everywhere; a phrase each.
  [[nodiscard]] std::vector<std::string> oddities() const;

 private:
  void add_to_row(std::uint64_t row, std::uint64_t column, std::span<const float> values);

  NeuronsAre neurons_;
  std::uint64_t columns_ = 1;
  std::vector<float> smallest_;  ///< of each neuron
  std::vector<float> largest_;
  std::size_t not_finite_ = 0;
};

}  // namespace prunenet
