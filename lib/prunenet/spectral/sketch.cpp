#include "prunenet/spectral/sketch.h"

#include <fmt/format.h>

#include <cmath>

#include "prunenet/core/error.h"
#include "prunenet/spectral/checks.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kTokenStream = 0;
constexpr std::uint64_t kOutputStream = 1;

/// `rows` x `columns` of +1 and -1, row after row; each row starts on fresh bits.
MatrixF random_signs(Rng& rng, Eigen::Index rows, Eigen::Index columns) {
  MatrixF signs(rows, columns);
  for (Eigen::Index row = 0; row < rows; ++row) {
    std::uint64_t bits = 0;
    for (Eigen::Index column = 0; column < columns; ++column) {
      if (column % 64 == 0) bits = rng.bits();
      signs(row, column) = (bits & 1U) != 0 ? 1.0F : -1.0F;
      bits >>= 1U;
    }
  }
  return signs;
}

void require_positive(std::int64_t sketch_size, std::int64_t neurons) {
  if (sketch_size > 0 && neurons > 0) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("a sketch of {} rows for {} neurons: both must be positive", sketch_size, neurons));
}

}  // namespace

ResponseSketch::ResponseSketch(std::int64_t sketch_size, std::int64_t neurons, std::uint64_t seed)
    : seed_(seed), token_signs_(seed, kTokenStream) {
  require_positive(sketch_size, neurons);
  projected_ = MatrixF::Zero(sketch_size, neurons);
}

void ResponseSketch::add(const Eigen::Ref<const MatrixF>& responses) {
  spectral_checks::require_shape(responses, responses.rows(), projected_.cols(), "responses (t x I)");
  spectral_checks::require_finite(responses, "responses");
  const MatrixF signs = random_signs(token_signs_, responses.rows(), projected_.rows());
  projected_.noalias() += signs.transpose() * responses;
  tokens_ += responses.rows();
}

MatrixF ResponseSketch::coupling_sketch(const MatrixF& down) const {
  spectral_checks::require_shape(down, down.rows(), projected_.cols(), "down (d x I)");
  if (tokens_ == 0) throw Error(ErrorKind::kInvalidArgument, "a sketch of no responses; add some first");
  Rng output_signs(seed_, kOutputStream);
  const MatrixF signs = random_signs(output_signs, projected_.rows(), down.rows());
  MatrixF sketch = signs * down;
  const double scale = 1.0 / std::sqrt(static_cast<double>(projected_.rows()) * static_cast<double>(tokens_));
  sketch.array() *= projected_.array() * static_cast<float>(scale);
  return sketch;
}

}  // namespace prunenet
