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

TEST(Slice, TwoCutsAreOneOfTheComposedIndices) {
  EXPECT_TRUE(rc::check([] {
    const auto extent = *rc::gen::inRange<std::int64_t>(1, 8);
    const auto other = *rc::gen::inRange<std::int64_t>(0, 5);
    const auto axis = *rc::gen::inRange<std::size_t>(0, 2);
    std::vector<float> values(static_cast<std::size_t>(extent * other));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    const std::vector<std::int64_t> shape = axis == 0 ? std::vector{extent, other} : std::vector{other, extent};
    const HostTensor tensor = float_tensor(shape, values, *rc::gen::element(Dtype::kF16, Dtype::kF32, Dtype::kF64));
    const auto first =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, extent)));
    const auto second = *rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::inRange<std::int64_t>(0, static_cast<std::int64_t>(first.size())));
    std::vector<std::int64_t> composed;
    for (const std::int64_t index : second) composed.push_back(first[static_cast<std::size_t>(index)]);
    RC_ASSERT(slice(slice(tensor, axis, first), axis, second).data == slice(tensor, axis, composed).data);
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

}  // namespace
}  // namespace prunenet
