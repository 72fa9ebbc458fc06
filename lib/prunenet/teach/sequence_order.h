#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace prunenet {

/// The order in which the sequences of a pool are read: shuffled anew each time the pool ends, as the seed has it. Any
/// place in it can be asked for, so that there is nothing to keep for training that is resumed.
class SequenceOrder {
 public:
  /// count: sequences of the pool, at least 1.
  SequenceOrder(std::int64_t count, std::uint64_t seed) : count_(count), seed_(seed) {}

  /// Entries first .. first + length - 1 of the endless order, int64 [length].
  [[nodiscard]] torch::Tensor take(std::int64_t first, std::int64_t length);

 private:
  std::int64_t count_;
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;
  torch::Tensor shuffled_;  ///< of that epoch
};

}  // namespace prunenet
