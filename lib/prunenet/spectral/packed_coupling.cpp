#include "prunenet/spectral/packed_coupling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/spectral/checks.h"

namespace prunenet {

namespace {

// A decoded piece, a quarter of a megabyte, stays in a second-level cache.
constexpr Eigen::Index kStripRows = 128;
constexpr Eigen::Index kPieceColumns = 512;
constexpr float kLargestCode = 127.0F;

/// The nearest code of a correlation c: sign(c) 127 sqrt|c|, rounded.
std::int8_t encode_correlation(float correlation) {
  const float magnitude = std::nearbyint(kLargestCode * std::sqrt(std::min(std::abs(correlation), 1.0F)));
  return static_cast<std::int8_t>(std::copysign(magnitude, correlation));
}

/// 127^2 c.
float decode_correlation(std::int8_t code) {
  const int q = code;  // NOLINT(bugprone-signed-char-misuse): codes are numbers
  return static_cast<float>(q * (q < 0 ? -q : q));
}

// Half of what a keep-set costs: in vectors of eight where the processor has them, twice as fast as in those of four
// that every x86-64 has, and the same numbers. Sanitizers are not ready yet when a program chooses between the two.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PRUNENET_WIDE_VECTORS [[gnu::target_clones("avx2", "default")]]
#else
#define PRUNENET_WIDE_VECTORS
#endif

PRUNENET_WIDE_VECTORS void decode_correlations(std::span<const std::int8_t> codes, float* decoded) {
  for (std::size_t i = 0; i < codes.size(); ++i) decoded[i] = decode_correlation(codes[i]);
}

/// sums += factor times what is decoded.
PRUNENET_WIDE_VECTORS void add_correlations(std::span<const std::int8_t> codes, float factor, float* sums) {
  for (std::size_t i = 0; i < codes.size(); ++i) sums[i] += factor * decode_correlation(codes[i]);
}

/// A correlation above 1 by rounding is 1; one beyond is none, which is to say that no moment has such entries.
void require_correlation(float correlation, Eigen::Index row, Eigen::Index column) {
  if (std::abs(correlation) <= 1.01F) return;
  throw Error(ErrorKind::kNumerical,
              fmt::format("the coupling of neurons {} and {} is {} of the root of their own; the second moment of "
                          "responses is damaged, or too large for single precision",
                          row, column, correlation));
}

}  // namespace

PackedCoupling::PackedCoupling(const MatrixF& down, const MatrixF& second_moment) {
  spectral_checks::require_shape(second_moment, down.cols(), down.cols(), "the second moment of responses (I x I)");
  diagonal_ = down.colwise().squaredNorm().transpose().cwiseProduct(second_moment.diagonal());
  spectral_checks::require_finite(diagonal_, "the diagonal of the coupling");
  if (neurons() > 0 && diagonal_.minCoeff() < 0.0F) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the diagonal of the coupling reaches {}; a second moment is never negative",
                            diagonal_.minCoeff()));
  }
  const VectorF inverse =
      diagonal_.unaryExpr([](float energy) { return energy > 0.0F ? 1.0F / std::sqrt(energy) : 0.0F; });
  roots_ = diagonal_.cwiseSqrt() / kLargestCode;
  for (Eigen::Index first = 0; first < neurons(); first += kStripRows) {
    const Eigen::Index count = std::min(kStripRows, neurons() - first);
    const Strip& strip = strips_.emplace_back(Strip{first, count, first + count, codes_.size()});
    MatrixF correlations = down.middleCols(first, count).transpose() * down.leftCols(strip.end);
    correlations.array() *= second_moment.block(first, 0, count, strip.end).array();
    correlations = inverse.segment(first, count).asDiagonal() * correlations * inverse.head(strip.end).asDiagonal();
    codes_.resize(codes_.size() + static_cast<std::size_t>(correlations.size()));
    std::int8_t* code = codes_.data() + strip.offset;
    for (Eigen::Index row = 0; row < count; ++row) {
      for (Eigen::Index column = 0; column < strip.end; ++column, ++code) {
        if (column == first + row) continue;
        require_correlation(correlations(row, column), first + row, column);
        *code = encode_correlation(correlations(row, column));
      }
    }
  }
  codes_.shrink_to_fit();
}

std::span<const std::int8_t> PackedCoupling::codes(const Strip& strip, Eigen::Index row, Eigen::Index column,
                                                   Eigen::Index columns) const {
  const auto place = strip.offset + static_cast<std::size_t>((row - strip.first) * strip.end + column);
  return std::span(codes_).subspan(place, static_cast<std::size_t>(columns));
}

template <typename Visit>
void PackedCoupling::for_each_piece(const std::vector<bool>& wanted, Visit visit) const {
  std::vector<Eigen::Index> rows;
  for (const Strip& strip : strips_) {
    rows.clear();
    for (Eigen::Index row = strip.first; row < strip.end; ++row) {
      if (wanted[static_cast<std::size_t>(row)]) rows.push_back(row);
    }
    if (rows.empty()) continue;
    for (Eigen::Index column = 0; column < strip.end;) {
      const Eigen::Index square = column < strip.first ? strip.first : strip.end;
      const Eigen::Index columns = std::min(kPieceColumns, square - column);
      visit(strip, std::as_const(rows), column, columns);
      column += columns;
    }
  }
}

template <typename Visit>
void PackedCoupling::for_each_decoded_piece(const std::vector<bool>& wanted, Visit visit) const {
  MatrixF piece;
  for_each_piece(wanted, [&](const Strip& strip, const std::vector<Eigen::Index>& rows, Eigen::Index column,
                             Eigen::Index columns) {
    piece.resize(static_cast<Eigen::Index>(rows.size()), columns);
    float* decoded = piece.data();
    for (const Eigen::Index row : rows) {
      decode_correlations(codes(strip, row, column, columns), decoded);
      decoded += columns;
    }
    visit(strip, rows, column, std::as_const(piece));
  });
}

double PackedCoupling::energy_of_pairs(const std::vector<bool>& wanted, const VectorF& scaled) const {
  double energy = 0.0;
  VectorF sums(kPieceColumns);
  for_each_piece(wanted, [&](const Strip& strip, const std::vector<Eigen::Index>& rows, Eigen::Index column,
                             Eigen::Index columns) {
    sums.setZero();
    for (const Eigen::Index row : rows) {
      add_correlations(codes(strip, row, column, columns), scaled(row), sums.data());
    }
    const double mirrored = column < strip.first ? 2.0 : 1.0;
    energy += mirrored * static_cast<double>(sums.head(columns).dot(scaled.segment(column, columns)));
  });
  return energy;
}

VectorD PackedCoupling::energies(const Eigen::Ref<const MatrixF>& rows) const {
  spectral_checks::require_shape(rows, rows.rows(), neurons(), "rows (M x I)");
  std::vector<bool> wanted;
  for (Eigen::Index i = 0; i < neurons(); ++i) wanted.push_back(!rows.col(i).isZero(0.0F));
  const MatrixF scaled = rows * roots_.asDiagonal();
  VectorD energies = rows.cast<double>().cwiseAbs2() * diagonal_.cast<double>();
  if (rows.rows() == 1) {  // a product of one row is no work for a BLAS, least of all for one with threads
    energies(0) += energy_of_pairs(wanted, scaled.row(0).transpose());
    return energies;
  }
  MatrixF left;
  MatrixF product;
  for_each_decoded_piece(wanted, [&](const Strip& strip, const std::vector<Eigen::Index>& of_piece, Eigen::Index column,
                                     const MatrixF& piece) {
    left = scaled(Eigen::all, of_piece);
    product.noalias() = left * piece;
    const double mirrored = column < strip.first ? 2.0 : 1.0;
    const auto terms = product.cwiseProduct(scaled.middleCols(column, piece.cols()));
    energies += mirrored * terms.rowwise().sum().cast<double>();
  });
  return energies;
}

MatrixF PackedCoupling::multiply(const Eigen::Ref<const MatrixF>& rows) const {
  spectral_checks::require_shape(rows, rows.rows(), neurons(), "rows (M x I)");
  const std::vector<bool> all(static_cast<std::size_t>(neurons()), true);
  const MatrixF scaled = rows * roots_.asDiagonal();
  MatrixF product = MatrixF::Zero(rows.rows(), neurons());
  for_each_decoded_piece(all, [&](const Strip& strip, const std::vector<Eigen::Index>& /*of_piece*/,
                                  Eigen::Index column, const MatrixF& piece) {
    product.middleCols(column, piece.cols()).noalias() += scaled.middleCols(strip.first, strip.count) * piece;
    if (column >= strip.first) return;
    product.middleCols(strip.first, strip.count).noalias() +=
        scaled.middleCols(column, piece.cols()) * piece.transpose();
  });
  return product * roots_.asDiagonal() + rows * diagonal_.asDiagonal();
}

VectorF PackedCoupling::row(Eigen::Index neuron) const {
  VectorF correlations = VectorF::Zero(neurons());
  for (const Strip& strip : strips_) {
    if (strip.end <= neuron) continue;  // the column below the squares, and within its own square the row
    const std::int8_t* codes = codes_.data() + strip.offset;
    if (strip.first <= neuron) {
      codes += (neuron - strip.first) * strip.end;
      for (Eigen::Index column = 0; column < strip.end; ++column) {
        correlations(column) = decode_correlation(codes[column]);
      }
      continue;
    }
    for (Eigen::Index row = 0; row < strip.count; ++row) {
      correlations(strip.first + row) = decode_correlation(codes[row * strip.end + neuron]);
    }
  }
  VectorF coupled = roots_(neuron) * correlations.cwiseProduct(roots_);
  coupled(neuron) = diagonal_(neuron);
  return coupled;
}

}  // namespace prunenet
