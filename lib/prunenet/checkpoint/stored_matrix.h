#pragma once

#include <cstdint>
#include <string>

#include "prunenet/checkpoint/checkpoint.h"

namespace prunenet {

/// A matrix of a checkpoint (rows x columns), of which some rows or some columns are wanted at a time, as floats.
///
/// Rows come from the file as they are asked for. Columns lie all over it: for them the tensor is read once, front to
/// back, and kept in its storage type. So is any tensor of a checkpoint that is no directory.
class StoredMatrix {
 public:
  enum class Side { kRows, kColumns };

  /// The checkpoint must outlive the object. Throws what Checkpoint::read_matrix throws, but for values.
  StoredMatrix(const Checkpoint& checkpoint, std::string name, std::int64_t rows, std::int64_t columns, Side side);

  /// Rows `first` to `first + count` - 1, count x columns; or as many columns, rows x count. Throws Error(kNumerical)
  /// naming tensor and index at NaN or Inf among them, Error(kInvalidArgument) where there are not as many.
  [[nodiscard]] MatrixF read(std::int64_t first, std::int64_t count) const;

 private:
  /// A block of what is kept.
  [[nodiscard]] MatrixF kept_block(std::int64_t first_row, std::int64_t rows, std::int64_t first_column,
                                   std::int64_t columns) const;

  const Checkpoint& checkpoint_;
  std::string name_;
  std::int64_t rows_;
  std::int64_t columns_;
  Side side_;
  HostTensor kept_;  ///< no bytes where rows come from the file
};

}  // namespace prunenet
