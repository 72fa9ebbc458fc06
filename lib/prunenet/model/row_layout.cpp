#include "prunenet/model/row_layout.h"

#include <fmt/format.h>

#include "prunenet/core/error.h"

namespace prunenet {

std::int64_t parent_length(std::span<const Segment> segments, const Segment& segment) {
  if (segment.parent < 0) return 0;
  const Segment& parent = segments[static_cast<std::size_t>(segment.parent)];
  return parent.end - parent.begin;
}

RowLayout uniform_layout(std::int64_t batch, std::int64_t tokens, std::int64_t offset) {
  RowLayout layout;
  for (std::int64_t row = 0; row < batch; ++row) layout.segments.push_back({row * tokens, (row + 1) * tokens, -1});
  layout.positions = torch::arange(offset, offset + tokens, torch::kInt64).repeat({batch});
  layout.batch = batch;
  return layout;
}

RowLayout packed_layout(std::span<const Segment> segments, std::int64_t rows) {
  RowLayout layout;
  std::vector<torch::Tensor> positions;
  std::int64_t covered = 0;
  for (std::size_t index = 0; index < segments.size(); ++index) {
    const Segment& segment = segments[index];
    const bool parent_fits = segment.parent < 0 || (segment.parent < static_cast<std::int64_t>(index) &&
                                                    segments[static_cast<std::size_t>(segment.parent)].parent < 0);
    if (segment.begin != covered || segment.end <= segment.begin || segment.end > rows || !parent_fits) {
      throw Error(
          ErrorKind::kInvalidArgument,
          fmt::format("segment {} with rows [{}, {}) and parent {} does not fit: {} of {} rows are covered, and a "
                      "parent is an earlier segment without parent",
                      index, segment.begin, segment.end, segment.parent, covered, rows));
    }
    const std::int64_t offset = parent_length(segments, segment);
    positions.push_back(torch::arange(offset, offset + segment.end - segment.begin, torch::kInt64));
    covered = segment.end;
  }
  if (covered != rows || rows == 0) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("segments cover {} of {} rows", covered, rows));
  }
  layout.segments.assign(segments.begin(), segments.end());
  layout.positions = torch::cat(positions);
  return layout;
}

}  // namespace prunenet
