#include "prunenet/features/standardize.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace prunenet {

MatrixD z_scores(const MatrixD& columns) {
  MatrixD scores(columns.rows(), columns.cols());
  const auto rows = static_cast<double>(columns.rows());
  for (Eigen::Index j = 0; j < columns.cols(); ++j) {
    const VectorD column = columns.col(j);
    const VectorD centred = column.array() - column.mean();
    const double deviation = std::sqrt(centred.squaredNorm() / std::max(1.0, rows - 1.0));
    const double rounding = std::max(1e-8, 1e-6 * column.cwiseAbs().maxCoeff());
    const double scale = deviation > rounding ? 1.0 / deviation : 0.0;
    scores.col(j) = (centred * scale).cwiseMax(-4.0).cwiseMin(4.0);
  }
  return scores;
}

MatrixD rank_scores(const MatrixD& columns) {
  MatrixD scores(columns.rows(), columns.cols());
  std::vector<Eigen::Index> order(static_cast<std::size_t>(columns.rows()));
  const double step = 2.0 / static_cast<double>(std::max<Eigen::Index>(1, columns.rows() - 1));
  for (Eigen::Index j = 0; j < columns.cols(); ++j) {
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    std::stable_sort(order.begin(), order.end(),
                     [&columns, j](Eigen::Index a, Eigen::Index b) { return columns(a, j) < columns(b, j); });
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      scores(order[rank], j) = static_cast<double>(rank) * step - 1.0;
    }
  }
  return scores;
}

}  // namespace prunenet
