#include "prunenet/spectral/packed_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/spectral/checks.h"
#include "prunenet/spectral/wide_vectors.h"

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

// Half of what a keep-set costs: in vectors of eight twice as fast as in those of four, and the same numbers.
PRUNENET_ALSO_FOR("avx2")
void decode_correlations(std::span<const std::int8_t> codes, float* decoded) {
  for (std::size_t i = 0; i < codes.size(); ++i) decoded[i] = decode_correlation(codes[i]);
}

/// sums += factor times what is decoded.
PRUNENET_ALSO_FOR("avx2")
void add_correlations(std::span<const std::int8_t> codes, float factor, float* sums) {
  for (std::size_t i = 0; i < codes.size(); ++i) sums[i] += factor * decode_correlation(codes[i]);
}

/// A correlation above 1 by rounding is 1; one beyond is none, which is to say that no moment has such entries.
void require_correlation(float correlation, Eigen::Index row, Eigen::Index column) {
  if (std::abs(correlation) <= 1.01F) return;
  throw Error(ErrorKind::kNumerical,
              fmt::format("the entry of neurons {} and {} is {} of the root of their own; the second moment of "
                          "responses is damaged, or too large for single precision",
                          row, column, correlation));
}

/// Whether a square of codes (count x count, rows `stride` apart) could be of a symmetric matrix.
bool is_square_of_codes(const std::int8_t* codes, Eigen::Index count, Eigen::Index stride) {
  for (Eigen::Index row = 0; row < count; ++row) {
    if (codes[row * stride + row] != 0) return false;
    for (Eigen::Index column = 0; column < row; ++column) {
      if (codes[row * stride + column] != codes[column * stride + row]) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<PackedMatrix::Strip> PackedMatrix::strips_of(Eigen::Index neurons) {
  std::vector<Strip> strips;
  std::size_t offset = 0;
  for (Eigen::Index first = 0; first < neurons; first += kStripRows) {
    const Eigen::Index count = std::min(kStripRows, neurons - first);
    strips.push_back({first, count, first + count, offset});
    offset += static_cast<std::size_t>(count * (first + count));
  }
  return strips;
}

std::uint64_t PackedMatrix::code_count(Eigen::Index neurons) {
  const auto rows = static_cast<std::uint64_t>(kStripRows);
  const auto size = static_cast<std::uint64_t>(neurons);
  const std::uint64_t whole = size / rows;
  return rows * rows * (whole * (whole + 1) / 2) + size % rows * size;
}

void PackedMatrix::set_diagonal(VectorF diagonal) {
  spectral_checks::require_finite(diagonal, "the diagonal of the packed matrix");
  if (diagonal.size() > 0 && diagonal.minCoeff() < 0.0F) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the diagonal of the packed matrix reaches {}; a second moment is never negative",
                            diagonal.minCoeff()));
  }
  diagonal_ = std::move(diagonal);
  roots_ = diagonal_.cwiseSqrt() / kLargestCode;
  strips_ = strips_of(neurons());
}

PackedMatrix::PackedMatrix(VectorF diagonal, const Strips& strips) {
  set_diagonal(std::move(diagonal));
  const VectorF inverse =
      diagonal_.unaryExpr([](float energy) { return energy > 0.0F ? 1.0F / std::sqrt(energy) : 0.0F; });
  codes_.resize(code_count(neurons()));
  for (const Strip& strip : strips_) {
    MatrixF correlations = strips(strip.first, strip.count);
    correlations =
        inverse.segment(strip.first, strip.count).asDiagonal() * correlations * inverse.head(strip.end).asDiagonal();
    std::int8_t* codes = codes_.data() + strip.offset;
    for (Eigen::Index row = 0; row < strip.count; ++row) {
      for (Eigen::Index column = 0; column < strip.first + row; ++column) {
        require_correlation(correlations(row, column), strip.first + row, column);
        const std::int8_t code = encode_correlation(correlations(row, column));
        codes[row * strip.end + column] = code;
        if (column >= strip.first) codes[(column - strip.first) * strip.end + strip.first + row] = code;
      }
    }
  }
}

PackedMatrix PackedMatrix::pack(const MatrixF& matrix) {
  spectral_checks::require_shape(matrix, matrix.rows(), matrix.rows(), "the matrix to pack");
  return {matrix.diagonal(), [&matrix](Eigen::Index first, Eigen::Index count) -> MatrixF {
            return matrix.block(first, 0, count, first + count);
          }};
}

PackedMatrix::PackedMatrix(VectorF diagonal, std::vector<std::int8_t> codes) : codes_(std::move(codes)) {
  set_diagonal(std::move(diagonal));
  if (codes_.size() != code_count(neurons())) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{} codes of a packed matrix of {} neurons, which has {}",
                                                         codes_.size(), neurons(), code_count(neurons())));
  }
  const bool squares = std::ranges::all_of(strips_, [this](const Strip& strip) {
    return is_square_of_codes(codes_.data() + strip.offset + strip.first, strip.count, strip.end);
  });
  if (squares && std::ranges::find(codes_, std::numeric_limits<std::int8_t>::min()) == codes_.end()) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("the codes of a packed matrix of {} neurons are damaged: they are not symmetric, or one is "
                          "-128",
                          neurons()));
}

MatrixF PackedMatrix::correlations(Eigen::Index first, Eigen::Index count) const {
  const Strip& strip = strips_.at(static_cast<std::size_t>(first / kStripRows));
  MatrixF decoded(strip.count, strip.end);
  spectral_checks::require_shape(decoded, count, first + count, "the strip");
  decode_correlations(std::span(codes_).subspan(strip.offset, static_cast<std::size_t>(decoded.size())),
                      decoded.data());
  return decoded / (kLargestCode * kLargestCode);
}

std::span<const std::int8_t> PackedMatrix::codes(const Strip& strip, Eigen::Index row, Eigen::Index column,
                                                 Eigen::Index columns) const {
  const auto place = strip.offset + static_cast<std::size_t>((row - strip.first) * strip.end + column);
  return std::span(codes_).subspan(place, static_cast<std::size_t>(columns));
}

template <typename Visit>
void PackedMatrix::for_each_piece(const std::vector<bool>& wanted, Visit visit) const {
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
void PackedMatrix::for_each_decoded_piece(const std::vector<bool>& wanted, Visit visit) const {
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

double PackedMatrix::energy_of_pairs(const std::vector<bool>& wanted, const VectorF& scaled) const {
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

VectorD PackedMatrix::energies(const Eigen::Ref<const MatrixF>& rows) const {
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

MatrixF PackedMatrix::multiply(const Eigen::Ref<const MatrixF>& rows) const {
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

VectorF PackedMatrix::row(Eigen::Index neuron) const {
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
