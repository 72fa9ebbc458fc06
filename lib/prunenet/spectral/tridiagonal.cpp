#include "prunenet/spectral/tridiagonal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "prunenet/core/error.h"
#include "prunenet/spectral/checks.h"
#include "prunenet/spectral/symmetric_product.h"

extern "C" {
// NOLINTNEXTLINE(readability-identifier-naming): LAPACK's name
void slarfg_(const int* n, float* alpha, float* x, const int* incx, float* tau);
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

/// Columns of a panel: what is behind it changes once a panel, by a product of matrices.
constexpr Eigen::Index kPanel = 32;

/// LAPACK's ssytrd with its slatrd, for the lower triangle, over a faster product with a vector, which is most of it
/// (J. Dongarra, S. Hammarling, D. Sorensen, "Block reduction of matrices to condensed forms", 1989).
///
/// A reflection I - tau v v^T for each column turns what is behind it, A, into A - v w^T - w v^T.
class Reduction {
 public:
  explicit Reduction(const Eigen::MatrixXf& symmetric)
      : size_(symmetric.rows()),
        matrix_(size_, VectorColumns::padded(size_)),
        pairs_(size_, 2 * kPanel),
        sums_(size_, 1),
        result_{VectorF(size_), VectorF(size_ - 1)} {
    for (Eigen::Index column = 0; column < size_; ++column) {
      std::copy_n(symmetric.col(column).data() + column, size_ - column, matrix_.column(column) + column);
    }
  }

  Tridiagonal run() && {
    for (Eigen::Index first = 0; first < size_; first += kPanel) {
      const Eigen::Index end = std::min(first + kPanel, size_);
      for (Eigen::Index column = first; column < end; ++column) reduce(column, column - first);
      if (end < size_) update_behind(end);
    }
    return std::move(result_);
  }

 private:
  using Column = Eigen::Map<VectorF>;
  using Pairs = Eigen::Map<Eigen::MatrixXf, 0, Eigen::OuterStride<>>;

  /// v, w of the first `count` reflections of a panel, by turns, from a row on.
  Pairs pairs(Eigen::Index row, Eigen::Index count) {
    return {pairs_.column(0) + row, size_ - row, 2 * count, Eigen::OuterStride<>(pairs_.stride())};
  }

  /// A diagonal entry, the one below it, and the reflection that leaves nothing further below; `earlier` ones of the
  /// same panel have not changed the column yet.
  void reduce(Eigen::Index column, Eigen::Index earlier) {
    float* const entries = matrix_.column(column);
    if (earlier > 0) {
      const Pairs before = pairs(column, earlier);
      Column(entries + column, size_ - column).noalias() -= before * swapped(before.row(0).transpose());
    }
    result_.diagonal(column) = entries[column];
    const Eigen::Index next = column + 1;
    if (next == size_) return;

    const int length = lapack_size(size_ - next);
    const int step = 1;
    float scale = 0.0F;  // tau
    slarfg_(&length, entries + next, entries + next + 1, &step, &scale);
    result_.beside(column) = entries[next];

    float* const v = pairs_.column(2 * earlier);
    float* const w = pairs_.column(2 * earlier + 1);
    const Eigen::Index begin = next / VectorColumns::kLanes * VectorColumns::kLanes;
    std::fill(v + begin, v + next, 0.0F);
    v[next] = 1.0F;
    std::copy(entries + next + 1, entries + size_, v + next + 1);
    symmetric_product(matrix_, next, v, w, sums_.column(0));
    const Column reflection(v + next, length);
    Column product(w + next, length);
    if (earlier > 0) {
      const Pairs before = pairs(next, earlier);
      product.noalias() -= before * swapped(before.transpose() * reflection);
    }
    product *= scale;
    product -= 0.5F * scale * product.dot(reflection) * reflection;
  }

  /// A -= sum of v w^T + w v^T, of rows and columns from `first` on, the lower triangle.
  void update_behind(Eigen::Index first) {
    const int size = lapack_size(size_ - first);
    const int count = lapack_size(kPanel);
    const int between_pairs = lapack_size(2 * pairs_.stride());
    const int stride = lapack_size(matrix_.stride());
    constexpr float kMinus = -1.0F;
    constexpr float kOne = 1.0F;
    ssyr2k_("L", "N", &size, &count, &kMinus, pairs_.column(0) + first, &between_pairs, pairs_.column(1) + first,
            &between_pairs, &kOne, matrix_.column(first) + first, &stride);
  }

  /// Neighbours change places: what v is multiplied by is of w, and the other way round.
  static VectorF swapped(VectorF factors) {
    for (Eigen::Index i = 0; i + 1 < factors.size(); i += 2) std::swap(factors(i), factors(i + 1));
    return factors;
  }

  Eigen::Index size_;
  VectorColumns matrix_;
  VectorColumns pairs_;
  VectorColumns sums_;
  Tridiagonal result_;
};

}  // namespace

Tridiagonal tridiagonalise(const Eigen::MatrixXf& symmetric) {
  const Eigen::Index size = symmetric.rows();
  spectral_checks::require_shape(symmetric, size, size, "the symmetric matrix");
  if (size == 0) return {};
  Tridiagonal result = Reduction(symmetric).run();
  // What is not finite spreads over the whole result: no pass of its own over the matrix.
  if (result.diagonal.allFinite() && result.beside.allFinite()) return result;
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
