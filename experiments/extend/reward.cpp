// A reward of one's own: how much less a block's output can tell. A policy is trained on it; the recipe names it, and
// the policy records the recipe.
//
//   extend_reward MODEL WORK
#include <prunenet/prunenet.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

using namespace prunenet;

namespace {

/// With C = D H D^T the second moment of what the block writes, and noise of its mean variance e = tr C / d, a Gaussian
/// channel carries log det(I + C / e) / 2. The distortion is the share of it that is lost, or gained, where only the
/// neurons S write: C_S = D_S H_SS D_S^T.
class LogDet final : public OneByOneDistortion {
 public:
  explicit LogDet(const RewardLayer& layer)
      : OneByOneDistortion("log-det"),
        down_(layer.weights.down.cast<double>()),
        second_moment_(exact_second_moment(layer).cast<double>()) {
    const MatrixD covariance = down_ * second_moment_ * down_.transpose();
    noise_ = std::max(covariance.trace() / static_cast<double>(covariance.rows()), 1e-30);
    dense_ = capacity(covariance);
  }

 protected:
  [[nodiscard]] double distortion(std::span<const std::int64_t> keep_indices) const override {
    const std::vector<std::int64_t> keep(keep_indices.begin(), keep_indices.end());
    const MatrixD down = down_(Eigen::all, keep);
    const double pruned = capacity(down * second_moment_(keep, keep) * down.transpose());
    return dense_ > 0.0 ? std::abs(dense_ - pruned) / dense_ : 0.0;
  }

 private:
  [[nodiscard]] double capacity(const MatrixD& covariance) const {
    const MatrixD whitened = MatrixD::Identity(covariance.rows(), covariance.cols()) + covariance / noise_;
    return MatrixD(whitened.llt().matrixL()).diagonal().array().log().sum();
  }

  MatrixD down_;           // D, d x I
  MatrixD second_moment_;  // H, I x I
  double noise_ = 0.0;
  double dense_ = 0.0;
};

}  // namespace

int main(int count, char** arguments) try {
  if (count != 3) throw Error(ErrorKind::kInvalidArgument, "usage: extend_reward MODEL WORK");
  const std::filesystem::path work = arguments[2];
  Registries registries;
  registries.rewards.add("log-det", [](const RewardLayer& layer) { return std::make_unique<LogDet>(layer); });

  // What a recipe file says, checked against the registered names; a short training.
  const Recipe recipe = recipe_from_json({{"probe", {{"tokens", 2048}, {"held_out_tokens", 512}}},
                                          {"reward", {{"distortion", "log-det"}}},
                                          {"train", {{"steps", 40}, {"estimator", "rloo"}, {"validate_every", 1}}}},
                                         registries.rewards);
  SilentProgress progress;
  save_policy(work / "policy.safetensors",
              train_on_models({arguments[1]}, recipe, {.work_directory = work / "training"}, progress, registries));

  // It reads the built-in features: any program applies it, and the command does.
  const Policy policy = load_policy(work / "policy.safetensors");
  const double first = policy.curve.front().at("validation_reward");
  const double last = policy.curve.back().at("validation_reward");
  std::printf("trained on '%s': reward %.3f after one step, %.3f after the last\n",
              policy.recipe.at("reward").at("distortion").get<std::string>().c_str(), first, last);
  return last > first ? 0 : 1;
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
