#include "prunenet/baselines/leverage.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "prunenet/baselines/score_planner.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// L with L L^T = A + lambda 1, lower triangular; A given by its lower half.
Eigen::MatrixXd shifted_cholesky(Eigen::MatrixXd gram, double lambda) {
  gram.diagonal().array() += lambda;
  const Eigen::LLT<Eigen::MatrixXd> factor(gram);
  if (factor.info() != Eigen::Success) {
    throw Error(ErrorKind::kNumerical, fmt::format("leverage scores: the Gram matrix of side {} plus {} is not "
                                                   "positive definite",
                                                   gram.rows(), lambda));
  }
  return factor.matrixL();
}

/// J: I x 3d, or I x 2d without a gate.
VectorD ridge_leverage(const Eigen::MatrixXd& J, double lambda) {
  const Eigen::Index neurons = J.rows();
  const Eigen::Index side = std::min(neurons, J.cols());
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(side, side);
  if (side == J.cols()) {
    gram.selfadjointView<Eigen::Lower>().rankUpdate(J.transpose());
    Eigen::MatrixXd whitened = J.transpose();
    shifted_cholesky(std::move(gram), lambda).triangularView<Eigen::Lower>().solveInPlace(whitened);
    return whitened.colwise().squaredNorm();
  }
  // (J^T J + lambda 1)^(-1) J^T = J^T (J J^T + lambda 1)^(-1), hence l_i = 1 - lambda ((J J^T + lambda 1)^(-1))_ii.
  gram.selfadjointView<Eigen::Lower>().rankUpdate(J);
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Identity(side, side);
  shifted_cholesky(std::move(gram), lambda).triangularView<Eigen::Lower>().solveInPlace(inverse);
  return VectorD::Ones(neurons) - lambda * inverse.colwise().squaredNorm().transpose();
}

class LeveragePlanner final : public ScorePlanner {
 public:
  explicit LeveragePlanner(const CausalLm& network)
      : ScorePlanner("leverage", DataUse::kNone, false), network_(network) {}

 protected:
  [[nodiscard]] NeuronScores score(std::uint64_t /*seed*/, Progress& progress) override {
    NeuronScores scores;
    const std::vector<DecoderLayerWeights>& layers = network_.weights().layers;
    progress.begin("leverage scores", "layers", layers.size());
    for (const DecoderLayerWeights& layer : layers) {
      scores.push_back(to_scores(leverage_scores(layer)));
      progress.advance(1);
    }
    return scores;
  }

 private:
  const CausalLm& network_;
};

}  // namespace

torch::Tensor leverage_scores(const DecoderLayerWeights& weights) {
  const torch::NoGradGuard no_grad;
  const std::int64_t neurons = weights.down.size(1);
  std::vector<torch::Tensor> parts = ffn_rows(weights).unbind(0);
  parts.push_back(weights.down.t());
  const torch::Tensor joint = torch::cat(parts, 1).cpu().to(torch::kFloat64).contiguous();
  const Eigen::MatrixXd J = Eigen::Map<const MatrixD>(joint.data_ptr<double>(), joint.size(0), joint.size(1));
  const double lambda = J.squaredNorm() / static_cast<double>(std::min(J.rows(), J.cols()));
  if (!std::isfinite(lambda)) throw Error(ErrorKind::kNumerical, "leverage scores: a weight is not finite");
  torch::Tensor scores = torch::zeros({neurons}, torch::kFloat64);
  // A block of zeros has no directions; all its neurons are worth nothing.
  if (lambda > 0.0) Eigen::Map<VectorD>(scores.data_ptr<double>(), neurons) = ridge_leverage(J, lambda);
  return scores;
}

std::unique_ptr<Planner> make_leverage_planner(const MethodOptions& options, const PlannerModel& model,
                                               const torch::Tensor& /*calibration*/) {
  options.check_keys({});
  return std::make_unique<LeveragePlanner>(model.network);
}

}  // namespace prunenet
