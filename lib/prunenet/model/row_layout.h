#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

namespace prunenet {

/// Rows [begin, end) of a packed batch are consecutive tokens of one sequence. They see each other causally, and all
/// rows of the `parent` segment, whose tokens come before theirs (a shared context); a parent has no parent itself.
struct Segment {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t parent = -1;  ///< index of an earlier segment, or -1
};

/// How the N rows of one forward pass belong together.
struct RowLayout {
  std::vector<Segment> segments;
  torch::Tensor positions;  ///< [N] int64, of each token in its sequence
  std::int64_t batch = 0;   ///< B where the rows are B sequences of one length, else 0
};

/// B sequences of T tokens, of which `offset` came before.
[[nodiscard]] RowLayout uniform_layout(std::int64_t batch, std::int64_t tokens, std::int64_t offset);

/// Throws Error(kInvalidArgument) unless the segments follow each other without gap over `rows` rows, are not empty,
/// and have earlier segments without parents for parents.
[[nodiscard]] RowLayout packed_layout(std::span<const Segment> segments, std::int64_t rows);

/// Tokens before the first of segment `index`.
[[nodiscard]] std::int64_t parent_length(std::span<const Segment> segments, const Segment& segment);

}  // namespace prunenet
