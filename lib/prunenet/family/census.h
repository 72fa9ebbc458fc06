#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"

namespace prunenet {

/// Where the parameters of a checkpoint are. A tied output projection counts as embedding.
struct ParameterParts {
  std::uint64_t embedding = 0;  ///< of words and positions
  std::uint64_t attention = 0;
  std::uint64_t ffn = 0;
  std::uint64_t output = 0;
  std::uint64_t other = 0;  ///< norms, and tensors without a use
};
[[nodiscard]] ParameterParts count_parts(const Checkpoint& checkpoint, const Family& family);

/// Something about a checkpoint that its owner may not expect.
struct Oddity {
  std::string tensor;  ///< empty: of the whole model
  std::string what;
};

/// Reads every tensor once: numbers that are not finite, rows of FFN matrices that are all zeros or all one number
/// (neurons that do nothing or the same to every input), and an intermediate size that is no multiple of 32, which
/// quantised formats want. Reports bytes. Types that cannot be computed with are passed over.
[[nodiscard]] std::vector<Oddity> find_oddities(const Checkpoint& checkpoint, const Family& family, Progress& progress);

}  // namespace prunenet
