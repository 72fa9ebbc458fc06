#include "prunenet/checkpoint/stored_matrix.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "prunenet/core/error.h"

namespace prunenet {

StoredMatrix::StoredMatrix(const Checkpoint& checkpoint, std::string name, std::int64_t rows, std::int64_t columns,
                           Side side)
    : checkpoint_(checkpoint), name_(std::move(name)), rows_(rows), columns_(columns), side_(side) {
  checkpoint.require_matrix(name_, rows, columns);
  if (side == Side::kColumns || !checkpoint.is_directory()) kept_ = checkpoint.read(name_);
}

MatrixF StoredMatrix::read(std::int64_t first, std::int64_t count) const {
  const bool by_rows = side_ == Side::kRows;
  if (by_rows && kept_.data.empty()) return checkpoint_.read_rows(name_, rows_, columns_, first, count);
  if (first < 0 || count < 0 || count > (by_rows ? rows_ : columns_) - first) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{} {} from {} on of a matrix of {} x {}", count,
                                                         by_rows ? "rows" : "columns", first, rows_, columns_));
  }
  return by_rows ? kept_block(first, count, 0, columns_) : kept_block(0, rows_, first, count);
}

MatrixF StoredMatrix::kept_block(std::int64_t first_row, std::int64_t rows, std::int64_t first_column,
                                 std::int64_t columns) const {
  const std::size_t size = size_of(kept_.info.dtype);
  MatrixF block(rows, columns);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto begin = static_cast<std::size_t>((first_row + row) * columns_ + first_column);
    const std::span<float> values(block.row(row).data(), static_cast<std::size_t>(columns));
    to_floats(std::span(kept_.data).subspan(begin * size, values.size() * size), kept_.info.dtype, values);
    checkpoint_.require_finite(name_, begin, values);
  }
  return block;
}

}  // namespace prunenet
