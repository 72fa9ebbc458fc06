#include "prunenet/teach/sequence_order.h"

#include <utility>

#include "prunenet/core/rng.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kOrderStream = 1'000;

torch::Tensor shuffled(std::int64_t count, std::uint64_t seed, std::int64_t epoch) {
  Rng rng(seed, kOrderStream + static_cast<std::uint64_t>(epoch));
  torch::Tensor order = torch::arange(count, torch::kInt64);
  std::int64_t* values = order.data_ptr<std::int64_t>();
  for (std::int64_t i = count - 1; i > 0; --i)
    std::swap(values[i], values[rng.below(static_cast<std::uint64_t>(i) + 1)]);
  return order;
}

}  // namespace

torch::Tensor SequenceOrder::take(std::int64_t first, std::int64_t length) {
  torch::Tensor taken = torch::empty({length}, torch::kInt64);
  for (std::int64_t i = 0; i < length; ++i) {
    const std::int64_t number = first + i;
    if (number / count_ != epoch_) {
      epoch_ = number / count_;
      shuffled_ = shuffled(count_, seed_, epoch_);
    }
    taken[i] = shuffled_[number % count_];
  }
  return taken;
}

}  // namespace prunenet
