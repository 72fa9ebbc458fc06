#include "prunenet/prune/slice.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "support/expect_error.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

using testing::float_tensor;

TEST(Slice, RowsAndColumns) {
  const HostTensor matrix = float_tensor({2, 3}, {1, 2, 3, 4, 5, 6});
  const std::vector<std::int64_t> last{1};
  const std::vector<std::int64_t> outer{0, 2};
  const HostTensor row = slice(matrix, 0, last);
  EXPECT_EQ(row.info.shape, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(row.data, float_tensor({1, 3}, {4, 5, 6}).data);
  const HostTensor columns = slice(matrix, 1, outer);
  EXPECT_EQ(columns.info.shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(columns.info.bytes, 16U);
  EXPECT_EQ(columns.data, float_tensor({2, 2}, {1, 3, 4, 6}).data);
  EXPECT_TRUE(slice(matrix, 1, {}).data.empty());
}

/// Some of the indices below `extent`, ascending.
std::vector<std::int64_t> some_of(std::int64_t extent) {
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < extent; ++i) {
    if (*rc::gen::arbitrary<bool>()) indices.push_back(i);
  }
  return indices;
}

HostTensor counting_tensor(std::int64_t extent, std::int64_t other, std::size_t axis) {
  std::vector<float> values(static_cast<std::size_t>(extent * other));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const std::vector<std::int64_t> shape = axis == 0 ? std::vector{extent, other} : std::vector{other, extent};
  return float_tensor(shape, values, *rc::gen::element(Dtype::kF16, Dtype::kF32, Dtype::kF64));
}

TEST(Slice, TwoCutsAreOneOfTheComposedIndices) {
  EXPECT_TRUE(rc::check([] {
    const auto extent = *rc::gen::inRange<std::int64_t>(1, 8);
    const auto axis = *rc::gen::inRange<std::size_t>(0, 2);
    const HostTensor tensor = counting_tensor(extent, *rc::gen::inRange<std::int64_t>(0, 5), axis);
    const std::vector<std::int64_t> first = some_of(extent);
    const std::vector<std::int64_t> second = some_of(static_cast<std::int64_t>(first.size()));
    std::vector<std::int64_t> composed;
    for (const std::int64_t index : second) composed.push_back(first[static_cast<std::size_t>(index)]);
    RC_ASSERT(slice(slice(tensor, axis, first), axis, second).data == slice(tensor, axis, composed).data);
  }));
}

TEST(Slice, PiecesGiveWhatTheWholeDoes) {
  EXPECT_TRUE(rc::check([] {
    const auto extent = *rc::gen::inRange<std::int64_t>(1, 8);
    const auto axis = *rc::gen::inRange<std::size_t>(0, 2);
    const HostTensor tensor = counting_tensor(extent, *rc::gen::inRange<std::int64_t>(0, 5), axis);
    const std::vector<std::int64_t> keep = some_of(extent);
    Slicer slicer(tensor.info, axis, keep);
    std::vector<std::byte> together;
    std::vector<std::byte> kept;
    for (std::span<const std::byte> left = tensor.data; !left.empty();) {
      const std::size_t units = left.size() / slicer.unit();
      const std::size_t bytes = *rc::gen::inRange<std::size_t>(1, units + 1) * slicer.unit();
      slicer.next(left.first(bytes), kept);
      together.insert(together.end(), kept.begin(), kept.end());
      left = left.subspan(bytes);
    }
    RC_ASSERT(together == slice(tensor, axis, keep).data);
  }));
}

TEST(Slice, OutsideTheTensor) {
  const HostTensor matrix = float_tensor({2, 1}, {1, 2});
  const std::vector<std::int64_t> two{2};
  const std::vector<std::int64_t> negative{-1};
  testing::expect_error(ErrorKind::kInvalidArgument, {"index 2", "2 elements"}, [&] { (void)slice(matrix, 0, two); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"index -1"}, [&] { (void)slice(matrix, 0, negative); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"rank 2", "axis 2"}, [&] { (void)slice(matrix, 2, {}); });
}

TEST(Slice, Misuse) {
  const HostTensor matrix = float_tensor({3, 1}, {1, 2, 3});
  const std::vector<std::int64_t> falling{2, 1};
  const std::vector<std::int64_t> twice{1, 1};
  testing::expect_error(ErrorKind::kInvalidArgument, {"index 1 follows 2"}, [&] { (void)slice(matrix, 0, falling); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"index 1 follows 1"}, [&] { (void)slice(matrix, 0, twice); });
  Slicer slicer(matrix.info, 0, {});
  std::vector<std::byte> kept;
  testing::expect_error(ErrorKind::kInvalidArgument, {"3 bytes", "multiple of 4"},
                        [&] { slicer.next(std::span(matrix.data).first(3), kept); });
}

}  // namespace
}  // namespace prunenet
