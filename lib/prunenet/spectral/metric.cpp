#include "prunenet/spectral/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/spectral/checks.h"

extern "C" {
// NOLINTNEXTLINE(readability-identifier-naming): LAPACK's name
void dpstrf_(const char* uplo, const int* n, double* a, const int* lda, int* pivots, int* rank, const double* tolerance,
             double* work, int* info);
}

namespace prunenet {

MatrixD metric_factor(const MatrixF& metric) {
  constexpr double kSmallestPivot = 1e-6;
  spectral_checks::require_finite(metric, "the metric");
  spectral_checks::require_symmetric(metric, "the metric");
  MatrixD factor = MatrixD::Zero(metric.rows(), metric.cols());
  if (metric.size() == 0) return factor;
  const VectorD diagonal = metric.diagonal().cast<double>();
  const double largest = std::max(diagonal.maxCoeff(), 0.0);
  // P^T M P = U^T U, the first `rank` rows of U; P takes k to pivots[k].
  Eigen::MatrixXd upper = metric.cast<double>();
  const auto size = static_cast<int>(metric.rows());
  const double tolerance = kSmallestPivot * largest;
  std::vector<int> pivots(static_cast<std::size_t>(size));
  VectorD work(2 * metric.rows());
  int rank = 0;
  int info = 0;
  dpstrf_("U", &size, upper.data(), &size, pivots.data(), &rank, &tolerance, work.data(), &info);
  for (Eigen::Index k = 0; k < metric.cols(); ++k) {
    const Eigen::Index rows = std::min<Eigen::Index>(k + 1, rank);
    factor.col(pivots[static_cast<std::size_t>(k)] - 1).head(rows) = upper.col(k).head(rows);
  }
  const double least = (diagonal - factor.colwise().squaredNorm().transpose()).minCoeff();
  if (least >= -1e-4 * largest) return factor;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("the metric ({0} x {0}) is not positive semi-definite: a pivot is {1:.3g} where its largest "
                          "diagonal entry is {2:.3g}",
                          metric.rows(), least, diagonal.maxCoeff()));
}

}  // namespace prunenet
