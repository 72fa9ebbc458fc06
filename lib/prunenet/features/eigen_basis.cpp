#include "prunenet/features/eigen_basis.h"

#include <Spectra/MatOp/DenseSymMatProd.h>
#include <Spectra/SymEigsSolver.h>
#include <fmt/format.h>

#include <algorithm>

#include "prunenet/core/error.h"

namespace prunenet {

MatrixD leading_eigenvectors(const MatrixD& matrix, std::int64_t count, const VectorD& orientation) {
  const Eigen::Index side = matrix.rows();
  MatrixD basis = MatrixD::Zero(side, count);
  const Eigen::Index wanted = std::min<Eigen::Index>(count, side - 1);
  if (wanted < 1) return basis;
  if (matrix.isZero(0.0)) return basis;  // no direction is a leading one
  if (!matrix.allFinite()) {
    throw Error(ErrorKind::kNumerical, fmt::format("a {} x {} covariance is not finite", side, side));
  }
  using Product = Spectra::DenseSymMatProd<double, Eigen::Lower, Eigen::RowMajor>;
  Product product(matrix);
  const Eigen::Index lanczos = std::min<Eigen::Index>(side, std::max<Eigen::Index>(2 * wanted + 1, 20));
  Spectra::SymEigsSolver<Product> solver(product, wanted, lanczos);
  solver.init();
  solver.compute(Spectra::SortRule::LargestAlge, 1000, 1e-9);
  if (solver.info() != Spectra::CompInfo::Successful) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("{} leading eigenvectors of a {} x {} covariance did not converge", wanted, side, side));
  }
  const Eigen::MatrixXd vectors = solver.eigenvectors();
  for (Eigen::Index j = 0; j < wanted; ++j) {
    const double side_of = vectors.col(j).dot(orientation);
    basis.col(j) = (side_of < 0.0 ? -1.0 : 1.0) * vectors.col(j);
  }
  return basis;
}

}  // namespace prunenet
