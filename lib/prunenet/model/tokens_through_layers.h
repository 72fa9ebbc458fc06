#pragma once

#include <cstdint>

#include "prunenet/core/progress.h"

namespace prunenet {

/// Reports the tokens of a pass as they go through layers: all are done behind the last one. Of a stage that has begun.
class TokensThroughLayers {
 public:
  TokensThroughLayers(std::int64_t layers, Progress& progress) : layers_(layers), progress_(progress) {}

  void through_a_layer(std::int64_t tokens) {
    const std::int64_t before = passed_ / layers_;
    passed_ += tokens;
    progress_.advance(static_cast<std::uint64_t>(passed_ / layers_ - before));
  }

 private:
  std::int64_t layers_;
  Progress& progress_;
  std::int64_t passed_ = 0;  ///< tokens times layers
};

}  // namespace prunenet
