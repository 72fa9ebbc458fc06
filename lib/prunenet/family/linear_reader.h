#pragma once

#include <cstdint>

#include "prunenet/checkpoint/stored_matrix.h"
#include "prunenet/core/matrix.h"
#include "prunenet/family/places.h"

namespace prunenet {

/// W of a linear map y = W x + b (outputs x inputs), of which some outputs or some inputs are read at a time, however
/// the checkpoint stores it: as it is or transposed, alone or with other maps. Memory: what StoredMatrix says; a part
/// of the rows of the tensor costs no more than itself.
class LinearReader {
 public:
  enum class Side { kOutputs, kInputs };

  /// The checkpoint must outlive the object. Throws what StoredMatrix throws.
  LinearReader(const Checkpoint& checkpoint, LinearPlace place, Side side);

  /// Outputs `first` to `first + count` - 1, count x inputs; or as many inputs, outputs x count. Throws what
  /// StoredMatrix::read throws.
  [[nodiscard]] MatrixF read(std::int64_t first, std::int64_t count) const;

 private:
  [[nodiscard]] MatrixF read_outputs(std::int64_t first, std::int64_t count) const;
  [[nodiscard]] MatrixF read_inputs(std::int64_t first, std::int64_t count) const;
  /// Stored outputs or inputs, as outputs or inputs lie in W.
  [[nodiscard]] MatrixF read_stored(std::int64_t first, std::int64_t count) const;

  LinearPlace place_;
  Side side_;
  StoredMatrix stored_;
};

}  // namespace prunenet
