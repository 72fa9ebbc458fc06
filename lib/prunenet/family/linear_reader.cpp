#include "prunenet/family/linear_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "prunenet/core/error.h"

namespace prunenet {

LinearReader::LinearReader(const Checkpoint& checkpoint, LinearPlace place, Side side)
    : place_(std::move(place)),
      side_(side),
      stored_(
          checkpoint, place_.weight, place_.transposed ? place_.inputs : place_.stored_outputs,
          place_.transposed ? place_.stored_outputs : place_.inputs,
          (side == Side::kOutputs) == place_.transposed ? StoredMatrix::Side::kColumns : StoredMatrix::Side::kRows) {}

MatrixF LinearReader::read(std::int64_t first, std::int64_t count) const {
  const std::int64_t all = side_ == Side::kOutputs ? place_.outputs : place_.inputs;
  if (first < 0 || count < 0 || count > all - first) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} {} from {} on of a map of {} x {}", count,
                            side_ == Side::kOutputs ? "outputs" : "inputs", first, place_.outputs, place_.inputs));
  }
  return side_ == Side::kOutputs ? read_outputs(first, count) : read_inputs(first, count);
}

MatrixF LinearReader::read_outputs(std::int64_t first, std::int64_t count) const {
  const OutputPattern& pattern = place_.pattern;
  if (pattern.block == 0) return read_stored(pattern.stored(first), count);
  MatrixF outputs(count, place_.inputs);
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t output = first + done;
    const std::int64_t neighbours = std::min(count - done, pattern.block - output % pattern.block);
    outputs.middleRows(done, neighbours) = read_stored(pattern.stored(output), neighbours);
    done += neighbours;
  }
  return outputs;
}

MatrixF LinearReader::read_inputs(std::int64_t first, std::int64_t count) const {
  MatrixF stored = read_stored(first, count);
  if (place_.outputs == place_.stored_outputs) return stored;
  MatrixF inputs(place_.outputs, count);
  for (std::int64_t row = 0; row < place_.outputs; ++row) inputs.row(row) = stored.row(place_.pattern.stored(row));
  return inputs;
}

MatrixF LinearReader::read_stored(std::int64_t first, std::int64_t count) const {
  return place_.transposed ? MatrixF(stored_.read(first, count).transpose()) : stored_.read(first, count);
}

}  // namespace prunenet
