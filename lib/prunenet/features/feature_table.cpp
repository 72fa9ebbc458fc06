#include "prunenet/features/feature_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prunenet/core/error.h"
#include "prunenet/features/standardize.h"

namespace prunenet {

void FeatureTable::begin_block(Eigen::Index neurons) {
  next_ = 0;
  block_ = neurons;
  neurons_ += neurons;
}

void FeatureTable::add(const std::string& name, const VectorD& values, bool ranked) {
  if (values.size() != block_) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("feature '{}' has {} values for {} neurons", name, values.size(), block_));
  }
  if (next_ == columns_.size()) columns_.push_back({name, {}, ranked});
  Column& column = columns_[next_++];
  if (column.name != name || column.ranked != ranked) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("feature '{}' is where '{}' was in the neurons before; every block of neurons has the same "
                            "columns in the same order",
                            name, column.name));
  }
  column.values.insert(column.values.end(), values.begin(), values.end());
}

void FeatureTable::add_constant(const std::string& name, double value) {
  constants_.push_back({name, value});
}

std::vector<std::string> FeatureTable::names() const {
  std::vector<std::string> names;
  for (const Column& column : columns_) names.push_back(fmt::format("z({})", column.name));
  for (const Column& column : columns_) {
    if (column.ranked) names.push_back(fmt::format("rank({})", column.name));
  }
  for (const Constant& constant : constants_) names.push_back(constant.name);
  return names;
}

MatrixF FeatureTable::assemble(std::int64_t layer) const {
  if (columns_.empty()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("layer {}: there is no feature that tells neurons apart", layer));
  }
  MatrixD plain(neurons_, static_cast<Eigen::Index>(columns_.size()));
  Eigen::Index ranked = 0;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Column& column = columns_[j];
    if (static_cast<Eigen::Index>(column.values.size()) != neurons_) {
      throw Error(ErrorKind::kInvalidArgument, fmt::format("layer {}: feature '{}' has {} values for {} neurons", layer,
                                                           column.name, column.values.size(), neurons_));
    }
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      if (std::isfinite(column.values[i])) continue;
      throw Error(ErrorKind::kNumerical,
                  fmt::format("layer {}: feature '{}' of neuron {} is {}; the weights are damaged", layer, column.name,
                              i, column.values[i]));
    }
    plain.col(static_cast<Eigen::Index>(j)) = Eigen::Map<const VectorD>(column.values.data(), neurons_);
    ranked += column.ranked ? 1 : 0;
  }
  MatrixD to_rank(neurons_, ranked);
  Eigen::Index next = 0;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    if (columns_[j].ranked) to_rank.col(next++) = plain.col(static_cast<Eigen::Index>(j));
  }
  MatrixF features(neurons_, plain.cols() + ranked + static_cast<Eigen::Index>(constants_.size()));
  features.leftCols(plain.cols()) = z_scores(plain).cast<float>();
  features.middleCols(plain.cols(), ranked) = rank_scores(to_rank).cast<float>();
  for (std::size_t j = 0; j < constants_.size(); ++j) {
    features.col(plain.cols() + ranked + static_cast<Eigen::Index>(j))
        .setConstant(static_cast<float>(constants_[j].value));
  }
  return features;
}

}  // namespace prunenet
