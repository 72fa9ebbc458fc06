#include "prunenet/spectral/packed_coupling.h"

#include "prunenet/spectral/checks.h"

namespace prunenet {

namespace {

/// D^T D of a strip.
MatrixF gram_strip(const MatrixF& down, Eigen::Index first, Eigen::Index count) {
  return down.middleCols(first, count).transpose() * down.leftCols(first + count);
}

VectorF energies_of(const MatrixF& down, const VectorF& moments) {
  return down.colwise().squaredNorm().transpose().cwiseProduct(moments);
}

}  // namespace

PackedMatrix pack_coupling(const MatrixF& down, const MatrixF& second_moment) {
  spectral_checks::require_shape(second_moment, down.cols(), down.cols(), "the second moment of responses (I x I)");
  return {energies_of(down, second_moment.diagonal()), [&](Eigen::Index first, Eigen::Index count) {
            MatrixF strip = gram_strip(down, first, count);
            strip.array() *= second_moment.block(first, 0, count, first + count).array();
            return strip;
          }};
}

PackedMatrix pack_coupling(const MatrixF& down, const PackedMatrix& second_moment) {
  const VectorF& moments = second_moment.diagonal();
  spectral_checks::require_shape(moments, down.cols(), 1, "the diagonal of the second moment of responses");
  const VectorF roots = moments.cwiseSqrt();
  return {energies_of(down, moments), [&](Eigen::Index first, Eigen::Index count) -> MatrixF {
            MatrixF strip = gram_strip(down, first, count);
            strip.array() *= second_moment.correlations(first, count).array();
            return roots.segment(first, count).asDiagonal() * strip * roots.head(first + count).asDiagonal();
          }};
}

}  // namespace prunenet
