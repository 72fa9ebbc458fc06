#include "prunenet/family/linear_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/family/family.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

using Side = LinearReader::Side;

/// A checkpoint whose only tensor, "w", counts from 0.
Checkpoint counting(const testing::TemporaryDirectory& directory, std::int64_t rows, std::int64_t columns) {
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  std::iota(values.begin(), values.end(), 0.0F);
  testing::write_file(directory / "config.json", "{}");
  write_safetensors(directory / "model.safetensors", {{"w", testing::float_tensor({rows, columns}, values)}}, {});
  return Checkpoint::open(directory.path());
}

RC_GTEST_PROP(LinearReader, PartsAreThoseOfTheDefinition, ()) {
  // Blocks of `block` outputs at distances of `stride`, or, for a block of 0, all side by side.
  LinearPlace place;
  place.weight = "w";
  place.inputs = *rc::gen::inRange<std::int64_t>(1, 7).as("inputs");
  place.outputs = *rc::gen::inRange<std::int64_t>(1, 9).as("outputs");
  place.transposed = *rc::gen::arbitrary<bool>().as("transposed");
  place.pattern.offset = *rc::gen::inRange<std::int64_t>(0, 4).as("offset");
  place.pattern.block = *rc::gen::inRange<std::int64_t>(0, 4).as("block");
  place.pattern.stride = place.pattern.block + *rc::gen::inRange<std::int64_t>(0, 4).as("gap");
  place.stored_outputs = place.pattern.stored(place.outputs - 1) + 1 + *rc::gen::inRange<std::int64_t>(0, 3);
  const testing::TemporaryDirectory directory;
  const Checkpoint checkpoint = place.transposed ? counting(directory, place.inputs, place.stored_outputs)
                                                 : counting(directory, place.stored_outputs, place.inputs);
  MatrixF stored = checkpoint.read_matrix("w");
  if (place.transposed) stored = stored.transpose().eval();
  MatrixF whole(place.outputs, place.inputs);
  for (std::int64_t i = 0; i < place.outputs; ++i) whole.row(i) = stored.row(place.pattern.stored(i));

  RC_ASSERT(read_weight(checkpoint, place) == whole);
  const auto output = *rc::gen::inRange<std::int64_t>(0, place.outputs + 1).as("first output");
  const auto outputs = *rc::gen::inRange<std::int64_t>(0, place.outputs - output + 1);
  const auto input = *rc::gen::inRange<std::int64_t>(0, place.inputs + 1).as("first input");
  const auto inputs = *rc::gen::inRange<std::int64_t>(0, place.inputs - input + 1);
  RC_ASSERT(LinearReader(checkpoint, place, Side::kOutputs).read(output, outputs) == whole.middleRows(output, outputs));
  RC_ASSERT(LinearReader(checkpoint, place, Side::kInputs).read(input, inputs) == whole.middleCols(input, inputs));
}

TEST(LinearReader, PartsThatAreNotThereAreErrors) {
  const testing::TemporaryDirectory directory;
  const Checkpoint checkpoint = counting(directory, 4, 3);
  LinearPlace place = whole_linear("w", "", 2, 3);
  place.stored_outputs = 4;  // two more, of another map
  testing::expect_error(ErrorKind::kInvalidArgument, {"2 outputs from 1 on of a map of 2 x 3"},
                        [&] { (void)LinearReader(checkpoint, place, Side::kOutputs).read(1, 2); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"1 inputs from 3 on of a map of 2 x 3"},
                        [&] { (void)LinearReader(checkpoint, place, Side::kInputs).read(3, 1); });
}

}  // namespace
}  // namespace prunenet
