#include "prunenet/spectral/spectrum.h"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>

#include "prunenet/core/error.h"
#include "prunenet/spectral/checks.h"

namespace prunenet {

namespace {

using spectral_checks::require_finite;
using spectral_checks::require_shape;
using spectral_checks::require_symmetric;

/// Column-major, which is what the eigensolver works in.
using EigenSolver = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;

void require_converged(const EigenSolver& solver, Eigen::Index size) {
  if (solver.info() == Eigen::Success) return;
  throw Error(ErrorKind::kNumerical,
              fmt::format("the symmetric eigensolver did not converge on a {0} x {0} matrix", size));
}

}  // namespace

MatrixD gram_of_smaller_side(const Eigen::Ref<const MatrixD>& matrix) {
  const bool wide = matrix.rows() <= matrix.cols();
  const Eigen::Index side = wide ? matrix.rows() : matrix.cols();
  MatrixD gram = MatrixD::Zero(side, side);
  if (matrix.size() == 0) return gram;
  if (wide) {
    gram.selfadjointView<Eigen::Lower>().rankUpdate(matrix);
  } else {
    gram.selfadjointView<Eigen::Lower>().rankUpdate(matrix.transpose());
  }
  gram.triangularView<Eigen::StrictlyUpper>() = gram.transpose();
  return gram;
}

VectorD singular_values_of_gram(const Eigen::Ref<const MatrixD>& gram, std::int64_t count) {
  require_shape(gram, gram.rows(), gram.rows(), "the Gram matrix");
  if (count < 0 || count > gram.rows()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} singular values asked of a {} x {} Gram matrix", count, gram.rows(), gram.cols()));
  }
  require_finite(gram, "the Gram matrix");
  if (count == 0) return {};
  const EigenSolver solver(gram, Eigen::EigenvaluesOnly);
  require_converged(solver, gram.rows());
  return solver.eigenvalues().cwiseMax(0.0).cwiseSqrt().reverse().head(count);
}

VectorD singular_values(const Eigen::Ref<const MatrixD>& matrix) {
  require_finite(matrix, "the matrix");
  const MatrixD gram = gram_of_smaller_side(matrix);
  return singular_values_of_gram(gram, gram.rows());
}

MatrixD symmetric_square_root(const Eigen::Ref<const MatrixD>& matrix) {
  require_finite(matrix, "the matrix");
  require_symmetric(matrix, "the matrix");
  if (matrix.size() == 0) return matrix;
  const EigenSolver solver(matrix);
  require_converged(solver, matrix.rows());
  const VectorD& values = solver.eigenvalues();
  const double smallest = values(0);
  const double largest = values(values.size() - 1);
  if (smallest < -1e-6 * std::max(largest, 0.0) || largest < 0.0) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("the matrix ({0} x {0}) is not positive semi-definite: its eigenvalues reach from {1:.3g} "
                            "to {2:.3g}",
                            matrix.rows(), smallest, largest));
  }
  return solver.eigenvectors() * values.cwiseMax(0.0).cwiseSqrt().asDiagonal() * solver.eigenvectors().transpose();
}

}  // namespace prunenet
