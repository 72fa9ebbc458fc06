#include "prunenet/checkpoint/stored_matrix.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <memory>
#include <numeric>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::float_tensor;
using Side = StoredMatrix::Side;

/// A checkpoint whose only tensor is `w`.
Checkpoint with_matrix(const testing::TemporaryDirectory& directory, HostTensor matrix) {
  testing::write_file(directory / "config.json", "{}");
  write_safetensors(directory / "model.safetensors", {{"w", std::move(matrix)}}, {});
  return Checkpoint::open(directory.path());
}

HostTensor counting(std::int64_t rows, std::int64_t columns, Dtype dtype) {
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  std::iota(values.begin(), values.end(), -3.0F);
  return float_tensor({rows, columns}, values, dtype);
}

/// The same tensors, not as files.
class OtherStore final : public TensorStore {
 public:
  explicit OtherStore(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}
  [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const override { return checkpoint_.tensors(); }
  [[nodiscard]] HostTensor read(const std::string& name) const override { return checkpoint_.read(name); }

 private:
  const Checkpoint& checkpoint_;
};

RC_GTEST_PROP(StoredMatrix, PartsAreThoseOfTheWhole, ()) {
  const auto rows = *rc::gen::inRange<std::int64_t>(1, 9).as("rows");
  const auto columns = *rc::gen::inRange<std::int64_t>(1, 9).as("columns");
  const auto dtype = *rc::gen::element(Dtype::kBF16, Dtype::kF16, Dtype::kF32, Dtype::kF64).as("dtype");
  const testing::TemporaryDirectory directory;
  const Checkpoint file = with_matrix(directory, counting(rows, columns, dtype));
  const Checkpoint other = Checkpoint::over("w.bin", nlohmann::json::object(), std::make_unique<OtherStore>(file));
  const MatrixF whole = file.read_matrix("w");
  const auto row = *rc::gen::inRange<std::int64_t>(0, rows + 1).as("first row");
  const auto row_count = *rc::gen::inRange<std::int64_t>(0, rows - row + 1);
  const auto column = *rc::gen::inRange<std::int64_t>(0, columns + 1).as("first column");
  const auto column_count = *rc::gen::inRange<std::int64_t>(0, columns - column + 1);
  for (const Checkpoint* checkpoint : {&file, &other}) {
    const StoredMatrix by_rows(*checkpoint, "w", rows, columns, Side::kRows);
    const StoredMatrix by_columns(*checkpoint, "w", rows, columns, Side::kColumns);
    RC_ASSERT(by_rows.read(row, row_count) == whole.middleRows(row, row_count));
    RC_ASSERT(by_columns.read(column, column_count) == whole.middleCols(column, column_count));
  }
}

TEST(StoredMatrix, OtherShapesAndTypesAreErrors) {
  const testing::TemporaryDirectory directory;
  const Checkpoint checkpoint = with_matrix(directory, counting(2, 3, Dtype::kBF16));
  for (const Side side : {Side::kRows, Side::kColumns}) {
    expect_error(ErrorKind::kMismatch, {"'w'", "[2, 3]", "[3, 2]"},
                 [&] { (void)StoredMatrix(checkpoint, "w", 3, 2, side); });
    expect_error(ErrorKind::kBadInput, {"no tensor 'x'"}, [&] { (void)StoredMatrix(checkpoint, "x", 3, 2, side); });
  }
  const testing::TemporaryDirectory elsewhere;
  const Checkpoint ids = with_matrix(elsewhere, testing::raw_tensor(Dtype::kI32, {1, 1}, "abcd"));
  expect_error(ErrorKind::kUnsupported, {"'w'", "I32"}, [&] { (void)StoredMatrix(ids, "w", 1, 1, Side::kColumns); });
}

TEST(StoredMatrix, PartsThatAreNotThereAreErrors) {
  const testing::TemporaryDirectory directory;
  const Checkpoint checkpoint = with_matrix(directory, counting(2, 3, Dtype::kF16));
  const StoredMatrix by_rows(checkpoint, "w", 2, 3, Side::kRows);
  const StoredMatrix by_columns(checkpoint, "w", 2, 3, Side::kColumns);
  expect_error(ErrorKind::kInvalidArgument, {"2 rows from 1 on of a matrix of 2"}, [&] { (void)by_rows.read(1, 2); });
  expect_error(ErrorKind::kInvalidArgument, {"2 columns from 2 on of a matrix of 2 x 3"},
               [&] { (void)by_columns.read(2, 2); });
}

TEST(StoredMatrix, ValuesThatAreNotFiniteAreErrorsWhereTheyAreRead) {
  const testing::TemporaryDirectory directory;
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const Checkpoint checkpoint = with_matrix(directory, float_tensor({2, 3}, {1, 2, 3, 4, kNan, 6}));
  const StoredMatrix by_rows(checkpoint, "w", 2, 3, Side::kRows);
  const StoredMatrix by_columns(checkpoint, "w", 2, 3, Side::kColumns);
  EXPECT_EQ(by_rows.read(0, 1), (MatrixF(1, 3) << 1, 2, 3).finished());
  EXPECT_EQ(by_columns.read(2, 1), (MatrixF(2, 1) << 3, 6).finished());
  for (const StoredMatrix* matrix : {&by_rows, &by_columns}) {
    expect_error(ErrorKind::kNumerical, {"'w'", "element 4 of 6", "nan"}, [&] { (void)matrix->read(1, 1); });
  }
}

}  // namespace
}  // namespace prunenet
