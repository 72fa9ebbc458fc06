#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/rng.h"

namespace prunenet {

/// Shape of the policy network. Nothing in it depends on a model's d or I, so one policy serves a whole family.
struct NetworkOptions {
  std::int64_t hidden = 256;  ///< units of each hidden layer, [1, 4096]
  std::int64_t depth = 2;     ///< hidden layers, [1, 8]
};

[[nodiscard]] nlohmann::json to_json(const NetworkOptions& options);
/// Throws Error(kBadInput) naming the field.
[[nodiscard]] NetworkOptions network_options_from_json(const nlohmann::json& json);

/// Residual multilayer perceptron: features [N, F] -> one score a neuron [N]. Larger means keep.
///   x = silu(W_0 f + b_0);  x = x + silu(W_l x + b_l) for l = 1 .. depth - 1;  z = w x + b.
class PolicyNetworkImpl : public torch::nn::Module {
 public:
  /// Weights are drawn from `rng` (uniform in +-1/sqrt(fan-in)); the last layer starts at a tenth of that, so that the
  /// first policy is close to uniform and explores.
  PolicyNetworkImpl(std::int64_t feature_count, const NetworkOptions& options, Rng& rng);

  /// features: float [N, F]; returns [N].
  [[nodiscard]] torch::Tensor forward(torch::Tensor features);
  /// F.
  [[nodiscard]] std::int64_t feature_count() const { return feature_count_; }
  /// Its shape.
  [[nodiscard]] const NetworkOptions& options() const { return options_; }
  /// W_0, hidden x F.
  [[nodiscard]] torch::Tensor first_weight() const { return layers_.front()->weight; }

 private:
  std::int64_t feature_count_;
  NetworkOptions options_;
  std::vector<torch::nn::Linear> layers_;
};
TORCH_MODULE(PolicyNetwork);

/// Scores of one layer's neurons (I x F features) without gradients. Computed in double, so that they do not depend on
/// the order in which a BLAS adds up.
[[nodiscard]] std::vector<float> score_neurons(PolicyNetwork& network, const MatrixF& features);

/// Uniform in +-bound, independent of libtorch's own generator.
void fill_uniform(const torch::Tensor& parameter, double bound, Rng& rng);

/// A copy of features as a tensor [I, F].
[[nodiscard]] torch::Tensor to_tensor(const MatrixF& matrix);

}  // namespace prunenet
