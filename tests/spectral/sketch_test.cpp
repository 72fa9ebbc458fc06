#include "prunenet/spectral/sketch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "prunenet/spectral/schatten2.h"
#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::random_keep;
using testing::RandomBlock;

TEST(ResponseSketch, EstimatesTheQuadraticFormWithinItsStatedDeviation) {
  constexpr int kSketchSize = 512;
  constexpr int kSeeds = 20;
  RandomBlock block(51, 16, 40, 64);
  const MatrixD coupling = response_coupling(block.down, block.second_moment);
  const MatrixF down = block.down.cast<float>();
  const MatrixF responses = block.responses.cast<float>();
  VectorF removed = VectorF::Zero(40);
  for (const std::int64_t index : random_keep(block.rng, 40)) removed(index) = 1.0F;
  const double exact = removed.cast<double>().dot(coupling * removed.cast<double>());

  double mean_error = 0.0;
  double mean_square = 0.0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    ResponseSketch sketch(kSketchSize, 40, seed);
    sketch.add(responses);
    const double error = (sketch.coupling_sketch(down) * removed).cast<double>().squaredNorm() / exact - 1.0;
    mean_error += error / kSeeds;
    mean_square += error * error / kSeeds;
  }
  const double deviation = std::sqrt(8.0 / kSketchSize);
  EXPECT_LT(std::sqrt(mean_square), 1.5 * deviation) << "root mean square error against " << deviation;
  EXPECT_LT(std::abs(mean_error), 4.0 * deviation / std::sqrt(kSeeds)) << "bias";
}

TEST(ResponseSketch, DoesNotDependOnHowTheStreamIsCut) {
  RandomBlock block(52, 6, 20, 50);
  const MatrixF responses = block.responses.cast<float>();
  const MatrixF down = block.down.cast<float>();
  ResponseSketch whole(70, 20, 5);
  whole.add(responses);
  ResponseSketch pieces(70, 20, 5);
  pieces.add(responses.topRows(1));
  pieces.add(responses.middleRows(1, 30));
  pieces.add(responses.bottomRows(19));
  EXPECT_EQ(pieces.tokens(), 50);
  const MatrixF expected = whole.coupling_sketch(down);
  const float residual = (pieces.coupling_sketch(down) - expected).norm() / expected.norm();
  EXPECT_LT(residual, 1e-6F);
}

TEST(ResponseSketch, SeedsDiffer) {
  RandomBlock block(53, 6, 20, 50);
  const MatrixF down = block.down.cast<float>();
  ResponseSketch first(30, 20, 1);
  ResponseSketch second(30, 20, 2);
  first.add(block.responses.cast<float>());
  second.add(block.responses.cast<float>());
  EXPECT_NE(first.coupling_sketch(down), second.coupling_sketch(down));
}

TEST(ResponseSketchErrors, ShapesAndValues) {
  expect_error(ErrorKind::kInvalidArgument, {"0 rows", "20 neurons"}, [] { ResponseSketch(0, 20, 1); });
  ResponseSketch sketch(4, 3, 1);
  expect_error(ErrorKind::kInvalidArgument, {"no responses"},
               [&] { (void)sketch.coupling_sketch(MatrixF::Ones(2, 3)); });
  expect_error(ErrorKind::kInvalidArgument, {"responses", "2 x 4", "2 x 3"}, [&] { sketch.add(MatrixF::Ones(2, 4)); });
  expect_error(ErrorKind::kNumerical, {"responses", "inf"},
               [&] { sketch.add(MatrixF::Constant(2, 3, std::numeric_limits<float>::infinity())); });
  sketch.add(MatrixF::Ones(2, 3));
  expect_error(ErrorKind::kInvalidArgument, {"down", "2 x 4", "2 x 3"},
               [&] { (void)sketch.coupling_sketch(MatrixF::Ones(2, 4)); });
}

}  // namespace
}  // namespace prunenet
