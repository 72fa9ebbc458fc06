#include "prunenet/features/feature_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prunenet/core/error.h"
#include "prunenet/features/standardize.h"

namespace prunenet {

void FeatureTable::add(const std::string& name, const VectorD& values, bool ranked) {
  if (next_ == columns_.size()) columns_.push_back({name, {}, ranked});
  std::vector<double>& column = columns_[next_++].values;
  column.insert(column.end(), values.begin(), values.end());
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
  const auto neurons = static_cast<Eigen::Index>(columns_.front().values.size());
  MatrixD plain(neurons, static_cast<Eigen::Index>(columns_.size()));
  Eigen::Index ranked = 0;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Column& column = columns_[j];
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      if (std::isfinite(column.values[i])) continue;
      throw Error(ErrorKind::kNumerical,
                  fmt::format("layer {}: feature '{}' of neuron {} is {}; the weights are damaged", layer, column.name,
                              i, column.values[i]));
    }
    plain.col(static_cast<Eigen::Index>(j)) = Eigen::Map<const VectorD>(column.values.data(), neurons);
    ranked += column.ranked ? 1 : 0;
  }
  MatrixD to_rank(neurons, ranked);
  Eigen::Index next = 0;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    if (columns_[j].ranked) to_rank.col(next++) = plain.col(static_cast<Eigen::Index>(j));
  }
  MatrixF features(neurons, plain.cols() + ranked + static_cast<Eigen::Index>(constants_.size()));
  features.leftCols(plain.cols()) = z_scores(plain).cast<float>();
  features.middleCols(plain.cols(), ranked) = rank_scores(to_rank).cast<float>();
  for (std::size_t j = 0; j < constants_.size(); ++j) {
    features.col(plain.cols() + ranked + static_cast<Eigen::Index>(j))
        .setConstant(static_cast<float>(constants_[j].value));
  }
  return features;
}

}  // namespace prunenet
