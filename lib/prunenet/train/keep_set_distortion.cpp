#include "prunenet/train/keep_set_distortion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// Of rankings on the CPU: 0/1 rows [M, I] of the neurons behind the first `kept` of each ranking.
MatrixF removed_indicators(const torch::Tensor& rankings, std::int64_t kept) {
  const auto ranked = rankings.accessor<std::int64_t, 2>();
  MatrixF removed = MatrixF::Zero(rankings.size(0), rankings.size(1));
  for (std::int64_t m = 0; m < rankings.size(0); ++m) {
    for (std::int64_t j = kept; j < rankings.size(1); ++j) removed(m, ranked[m][j]) = 1.0F;
  }
  return removed;
}

class Schatten2Distortion final : public KeepSetDistortion {
 public:
  explicit Schatten2Distortion(Schatten2 schatten2) : schatten2_(std::move(schatten2)) {}

  std::vector<double> operator()(const torch::Tensor& rankings, std::int64_t kept) const override {
    const VectorD values = schatten2_(removed_indicators(rankings.cpu(), kept));
    return {values.data(), values.data() + values.size()};
  }

  SwapRewards swaps(const torch::Tensor& anywhere, std::int64_t kept) const override {
    const torch::Tensor rankings = anywhere.cpu();
    const MatrixF removed = removed_indicators(rankings, kept);
    const VectorD values = schatten2_(removed);
    const torch::Tensor first_removed = rankings.select(1, kept).contiguous();
    const torch::Tensor last_kept = rankings.select(1, kept - 1).contiguous();
    const auto samples = static_cast<std::size_t>(rankings.size(0));
    const MatrixD swapped = schatten2_.log_swapped(removed, {first_removed.data_ptr<std::int64_t>(), samples},
                                                   {last_kept.data_ptr<std::int64_t>(), samples});
    SwapRewards rewards{{values.data(), values.data() + values.size()},
                        torch::empty({rankings.size(0), rankings.size(1)}, torch::kFloat64)};
    auto advantages = rewards.advantages.accessor<double, 2>();
    for (Eigen::Index m = 0; m < removed.rows(); ++m) {
      const double logarithm = std::log(std::max(values(m), 1e-12));
      for (Eigen::Index i = 0; i < removed.cols(); ++i) {
        const double change = swapped(m, i) - logarithm;  // of log distortion, by the swap
        advantages[m][i] = removed(m, i) > 0.0F ? -change : change;
      }
    }
    rewards.advantages = rewards.advantages.to(anywhere.device());
    return rewards;
  }

 private:
  Schatten2 schatten2_;
};

class NoDistortion final : public KeepSetDistortion {
 public:
  std::vector<double> operator()(const torch::Tensor& rankings, std::int64_t /*kept*/) const override {
    return std::vector<double>(static_cast<std::size_t>(rankings.size(0)), 0.0);
  }
  SwapRewards swaps(const torch::Tensor& rankings, std::int64_t kept) const override {
    return {(*this)(rankings, kept), torch::zeros(rankings.sizes(), rankings.options().dtype(torch::kFloat64))};
  }
};

class OfSpectra final : public OneByOneDistortion {
 public:
  explicit OfSpectra(SpectrumDistortion distortion)
      : OneByOneDistortion(std::string(to_string(distortion.kind()))), distortion_(std::move(distortion)) {}

 protected:
  [[nodiscard]] double distortion(std::span<const std::int64_t> keep_indices) const override {
    return distortion_(keep_indices);
  }

 private:
  SpectrumDistortion distortion_;
};

class OfProblem final : public OneByOneDistortion {
 public:
  explicit OfProblem(DistortionProblem problem)
      : OneByOneDistortion(std::string(to_string(problem.kind()))), problem_(std::move(problem)) {}

 protected:
  [[nodiscard]] double distortion(std::span<const std::int64_t> keep_indices) const override {
    return problem_.distortion(keep_indices);
  }

 private:
  DistortionProblem problem_;
};

}  // namespace

std::vector<double> OneByOneDistortion::operator()(const torch::Tensor& rankings, std::int64_t kept) const {
  const torch::Tensor ranked = rankings.cpu().contiguous();
  std::vector<double> values;
  for (std::int64_t m = 0; m < ranked.size(0); ++m) {
    const auto* row = ranked.data_ptr<std::int64_t>() + m * ranked.size(1);
    std::vector<std::int64_t> keep(row, row + kept);
    std::sort(keep.begin(), keep.end());
    values.push_back(distortion(keep));
    if (std::isfinite(values.back()) && values.back() >= 0.0) continue;
    throw Error(ErrorKind::kNumerical,
                fmt::format("distortion '{}' is {} where {} of {} neurons stay; it must be finite and not negative",
                            name_, values.back(), kept, ranked.size(1)));
  }
  return values;
}

SwapRewards OneByOneDistortion::swaps(const torch::Tensor& /*rankings*/, std::int64_t /*kept*/) const {
  throw Error(ErrorKind::kUnsupported,
              fmt::format("train.estimator 'conditional' needs the quadratic reward (operator 'response', distortion "
                          "'schatten2'), not '{}'; use 'rloo'",
                          name_));
}

std::unique_ptr<KeepSetDistortion> make_keep_set_distortion(Schatten2 schatten2) {
  return std::make_unique<Schatten2Distortion>(std::move(schatten2));
}

std::unique_ptr<KeepSetDistortion> make_keep_set_distortion_of_nothing() {
  return std::make_unique<NoDistortion>();
}

std::unique_ptr<KeepSetDistortion> make_keep_set_distortion(SpectrumDistortion distortion) {
  return std::make_unique<OfSpectra>(std::move(distortion));
}

std::unique_ptr<KeepSetDistortion> make_keep_set_distortion(DistortionProblem problem) {
  return std::make_unique<OfProblem>(std::move(problem));
}

}  // namespace prunenet
