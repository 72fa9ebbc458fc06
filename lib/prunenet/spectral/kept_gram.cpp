#include "prunenet/spectral/kept_gram.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/spectral/checks.h"

namespace prunenet {

namespace {

/// Some rows of a row-major matrix, as the columns of a column-major one.
Eigen::MatrixXf gathered(const MatrixF& rows, const std::vector<Eigen::Index>& chosen) {
  Eigen::MatrixXf columns(rows.cols(), static_cast<Eigen::Index>(chosen.size()));
  for (std::size_t j = 0; j < chosen.size(); ++j) {
    columns.col(static_cast<Eigen::Index>(j)) = rows.row(chosen[j]).transpose();
  }
  return columns;
}

/// Lower triangle of some rows and the same columns of a symmetric matrix. What is above is not set.
template <typename Symmetric>
Eigen::MatrixXf lower_part(const Symmetric& symmetric, const std::vector<Eigen::Index>& chosen) {
  const auto size = static_cast<Eigen::Index>(chosen.size());
  Eigen::MatrixXf part(size, size);
  for (Eigen::Index j = 0; j < size; ++j) {
    const float* from = symmetric.data() + chosen[static_cast<std::size_t>(j)] * symmetric.rows();
    float* column = part.data() + j * size;
    for (Eigen::Index i = j; i < size; ++i) column[i] = from[chosen[static_cast<std::size_t>(i)]];
  }
  return part;
}

/// gram += scale (A B^T + B A^T), lower triangle: BLAS's ssyr2k, which Eigen's rankUpdate only has for vectors.
void add_symmetric_product(float scale, const Eigen::MatrixXf& a, const Eigen::MatrixXf& b, Eigen::MatrixXf& gram) {
  const auto side = static_cast<int>(gram.rows());
  const auto depth = static_cast<int>(a.cols());
  constexpr float kOne = 1.0F;
  ssyr2k_("L", "N", &side, &depth, &scale, a.data(), &side, b.data(), &side, &kOne, gram.data(), &side);
}

/// matrix *= T, with the lower triangle of T: BLAS's strmm, in place, where Eigen goes by two more matrices.
void multiply_by_lower(const Eigen::MatrixXf& triangle, Eigen::MatrixXf& matrix) {
  const auto rows = static_cast<int>(matrix.rows());
  const auto columns = static_cast<int>(matrix.cols());
  constexpr float kOne = 1.0F;
  strmm_("R", "L", "N", "N", &rows, &columns, &kOne, triangle.data(), &columns, matrix.data(), &rows);
}

}  // namespace

KeptGram::KeptGram(MatrixF rows, MatrixF second_moment)
    : neurons_(rows.rows()), columns_(rows.cols()), rows_(std::move(rows)), second_moment_(std::move(second_moment)) {}

KeptGram KeptGram::of_response(const MatrixF& down, MatrixF second_moment) {
  spectral_checks::require_shape(second_moment, down.cols(), down.cols(), "the second moment of responses (I x I)");
  spectral_checks::require_finite(down, "down");
  spectral_checks::require_finite(second_moment, "the second moment of responses");
  spectral_checks::require_symmetric(second_moment, "the second moment of responses");
  KeptGram gram(down.transpose(), std::move(second_moment));
  gram.projected_.noalias() = gram.second_moment_ * gram.rows_;
  gram.whole_.noalias() = down * gram.projected_;
  return gram;
}

KeptGram KeptGram::of_rows(MatrixF rows) {
  spectral_checks::require_finite(rows, "the weight");
  KeptGram gram(std::move(rows), {});
  const bool wide = gram.neurons_ <= gram.columns_;
  const Eigen::Index side = wide ? gram.neurons_ : gram.columns_;
  gram.whole_ = Eigen::MatrixXf::Zero(side, side);
  if (wide) {
    gram.whole_.selfadjointView<Eigen::Lower>().rankUpdate(gram.rows_);
    gram.rows_ = {};
  } else {
    gram.whole_.selfadjointView<Eigen::Lower>().rankUpdate(gram.rows_.transpose());
  }
  return gram;
}

std::int64_t KeptGram::count(std::int64_t kept) const {
  return std::min<std::int64_t>(kept, columns_);
}

Eigen::MatrixXf KeptGram::response_of(const Indices& neurons, bool subtract) const {
  const Eigen::MatrixXf down = gathered(rows_, neurons);
  Eigen::MatrixXf half = lower_part(second_moment_, neurons);  // T
  half.diagonal() *= 0.5F;
  Eigen::MatrixXf other = down;
  multiply_by_lower(half, other);
  if (!subtract) {
    Eigen::MatrixXf gram = Eigen::MatrixXf::Zero(whole_.rows(), whole_.cols());
    add_symmetric_product(1.0F, down, other, gram);
    return gram;
  }
  for (std::size_t j = 0; j < neurons.size(); ++j) {
    auto column = other.col(static_cast<Eigen::Index>(j));
    column = projected_.row(neurons[j]).transpose() - column;
  }
  Eigen::MatrixXf gram = whole_;
  add_symmetric_product(-1.0F, down, other, gram);
  return gram;
}

Eigen::MatrixXf KeptGram::rows_of(const Indices& kept, const Indices& removed) const {
  if (rows_.size() == 0) return lower_part(whole_, kept);
  const auto size = static_cast<Eigen::Index>(kept.size());
  if (size < columns_) {
    Eigen::MatrixXf gram = Eigen::MatrixXf::Zero(size, size);
    gram.selfadjointView<Eigen::Lower>().rankUpdate(gathered(rows_, kept).transpose());
    return gram;
  }
  Eigen::MatrixXf gram = whole_;
  if (removed.size() < kept.size()) {
    gram.selfadjointView<Eigen::Lower>().rankUpdate(gathered(rows_, removed), -1.0F);
  } else {
    gram.setZero();
    gram.selfadjointView<Eigen::Lower>().rankUpdate(gathered(rows_, kept));
  }
  return gram;
}

Eigen::MatrixXf KeptGram::operator()(std::span<const std::int64_t> keep_indices) const {
  spectral_checks::require_keep_indices(keep_indices, neurons_);
  if (keep_indices.empty()) throw Error(ErrorKind::kInvalidArgument, "a Gram matrix of no neurons");
  const Indices kept(keep_indices.begin(), keep_indices.end());
  Indices removed;
  auto next = kept.begin();
  for (Eigen::Index neuron = 0; neuron < neurons_; ++neuron) {
    if (next != kept.end() && *next == neuron) {
      ++next;
    } else {
      removed.push_back(neuron);
    }
  }
  if (removed.empty()) return whole_;  // also since Eigen's update by no columns divides by zero
  if (second_moment_.size() == 0) return rows_of(kept, removed);
  const bool subtract = removed.size() < kept.size();
  return response_of(subtract ? removed : kept, subtract);
}

}  // namespace prunenet
