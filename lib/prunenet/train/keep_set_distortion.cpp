#include "prunenet/train/keep_set_distortion.h"

#include <algorithm>
#include <utility>

namespace prunenet {

namespace {

class Schatten2Distortion final : public KeepSetDistortion {
 public:
  explicit Schatten2Distortion(Schatten2 schatten2) : schatten2_(std::move(schatten2)) {}

  std::vector<double> operator()(const torch::Tensor& rankings, std::int64_t kept) const override {
    const auto ranked = rankings.accessor<std::int64_t, 2>();
    MatrixF removed = MatrixF::Zero(rankings.size(0), rankings.size(1));
    for (std::int64_t m = 0; m < rankings.size(0); ++m) {
      for (std::int64_t j = kept; j < rankings.size(1); ++j) removed(m, ranked[m][j]) = 1.0F;
    }
    const VectorD values = schatten2_(removed);
    return {values.data(), values.data() + values.size()};
  }

 private:
  Schatten2 schatten2_;
};

class DecomposedDistortion final : public KeepSetDistortion {
 public:
  explicit DecomposedDistortion(DistortionProblem problem) : problem_(std::move(problem)) {}

  std::vector<double> operator()(const torch::Tensor& rankings, std::int64_t kept) const override {
    std::vector<double> values;
    for (std::int64_t m = 0; m < rankings.size(0); ++m) {
      const auto* row = rankings.data_ptr<std::int64_t>() + m * rankings.size(1);
      std::vector<std::int64_t> keep(row, row + kept);
      std::sort(keep.begin(), keep.end());
      values.push_back(problem_.distortion(keep));
    }
    return values;
  }

 private:
  DistortionProblem problem_;
};

}  // namespace

std::unique_ptr<KeepSetDistortion> make_keep_set_distortion(Schatten2 schatten2) {
  return std::make_unique<Schatten2Distortion>(std::move(schatten2));
}

std::unique_ptr<KeepSetDistortion> make_keep_set_distortion(DistortionProblem problem) {
  return std::make_unique<DecomposedDistortion>(std::move(problem));
}

}  // namespace prunenet
