#include "prunenet/spectral/tridiagonal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "prunenet/core/error.h"
#include "prunenet/spectral/checks.h"

extern "C" {
// NOLINTNEXTLINE(readability-identifier-naming): LAPACK's name
void ssytrd_(const char* uplo, const int* n, float* a, const int* lda, float* d, float* e, float* tau, float* work,
             const int* lwork, int* info);
// NOLINTNEXTLINE(readability-identifier-naming): LAPACK's name
void ssterf_(const int* n, float* d, float* e, int* info);
}

namespace prunenet {

namespace {

/// Thresholds that go through the matrix together: their divisions do not wait for each other.
constexpr std::size_t kLanes = 32;

using Lanes = std::array<float, kLanes>;

/// LAPACK's integers.
int lapack_size(Eigen::Index size) {
  return static_cast<int>(size);
}

std::array<std::int32_t, kLanes> count_below(const VectorF& diagonal, const VectorF& squares, const Lanes& thresholds) {
  // A pivot that vanishes is taken for a small negative one, as in LAPACK's slaebz: the count is then that of a matrix
  // no further away than rounding.
  constexpr float kSmallest = 1e-30F;
  std::array<std::int32_t, kLanes> counts{};
  Lanes pivots;
  pivots.fill(1.0F);
  for (Eigen::Index row = 0; row < diagonal.size(); ++row) {
    const float value = diagonal(row);
    const float square = squares(row);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float pivot = (value - thresholds[lane]) - square / pivots[lane];
      pivots[lane] = std::abs(pivot) < kSmallest ? -kSmallest : pivot;
      counts[lane] += pivots[lane] < 0.0F ? 1 : 0;
    }
  }
  return counts;
}

}  // namespace

Tridiagonal tridiagonalise(Eigen::MatrixXf& symmetric) {
  spectral_checks::require_shape(symmetric, symmetric.rows(), symmetric.rows(), "the symmetric matrix");
  const Eigen::Index size = symmetric.rows();
  Tridiagonal result{VectorF(size), VectorF(std::max<Eigen::Index>(size - 1, 0))};
  if (size == 0) return result;
  const int n = lapack_size(size);
  constexpr int kBlock = 64;
  const int work_size = n * kBlock;
  VectorF scalars(size);
  VectorF work(work_size);
  int info = 0;
  ssytrd_("L", &n, symmetric.data(), &n, result.diagonal.data(), result.beside.data(), scalars.data(), work.data(),
          &work_size, &info);
  // What is not finite spreads over the whole result: no pass of its own over the matrix.
  if (info == 0 && result.diagonal.allFinite() && result.beside.allFinite()) return result;
  throw Error(ErrorKind::kNumerical,
              fmt::format("a symmetric {0} x {0} matrix cannot be made tridiagonal: it is not finite", size));
}

VectorF eigenvalues(Tridiagonal matrix) {
  const int n = lapack_size(matrix.diagonal.size());
  int info = 0;
  if (n > 0) ssterf_(&n, matrix.diagonal.data(), matrix.beside.data(), &info);
  if (info == 0) return std::move(matrix.diagonal);
  throw Error(ErrorKind::kNumerical,
              fmt::format("{} eigenvalues of a tridiagonal {} x {} matrix did not converge", info, n, n));
}

std::vector<std::int64_t> count_below(const Tridiagonal& matrix, const VectorF& thresholds) {
  VectorF squares = VectorF::Zero(matrix.diagonal.size());
  squares.tail(matrix.beside.size()) = matrix.beside.cwiseAbs2();
  std::vector<std::int64_t> counts;
  counts.reserve(static_cast<std::size_t>(thresholds.size()));
  const auto lanes = static_cast<Eigen::Index>(kLanes);
  for (Eigen::Index first = 0; first < thresholds.size(); first += lanes) {
    const Eigen::Index filled = std::min(lanes, thresholds.size() - first);
    Lanes some{};
    std::copy_n(thresholds.data() + first, filled, some.begin());
    const auto below = count_below(matrix.diagonal, squares, some);
    counts.insert(counts.end(), below.begin(), below.begin() + filled);
  }
  return counts;
}

}  // namespace prunenet
