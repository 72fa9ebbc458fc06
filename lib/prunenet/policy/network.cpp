#include "prunenet/policy/network.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

std::int64_t bounded(const nlohmann::json& json, const char* key, std::int64_t low, std::int64_t high) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer() || *found < low || *found > high) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("network field '{}' must be an integer from {} to {}", key, low, high));
  }
  return found->get<std::int64_t>();
}

}  // namespace

void fill_uniform(const torch::Tensor& parameter, double bound, Rng& rng) {
  torch::NoGradGuard no_grad;
  float* values = parameter.data_ptr<float>();
  for (std::int64_t i = 0; i < parameter.numel(); ++i) {
    values[i] = static_cast<float>((2.0 * rng.uniform() - 1.0) * bound);
  }
}

nlohmann::json to_json(const NetworkOptions& options) {
  return {{"hidden", options.hidden}, {"depth", options.depth}};
}

NetworkOptions network_options_from_json(const nlohmann::json& json) {
  return {.hidden = bounded(json, "hidden", 1, 4096), .depth = bounded(json, "depth", 1, 8)};
}

PolicyNetworkImpl::PolicyNetworkImpl(std::int64_t feature_count, const NetworkOptions& options, Rng& rng)
    : feature_count_(feature_count), options_(options) {
  std::int64_t inputs = feature_count;
  for (std::int64_t layer = 0; layer <= options.depth; ++layer) {
    const bool last = layer == options.depth;
    const torch::nn::Linear linear(inputs, last ? 1 : options.hidden);
    const double bound = (last ? 0.1 : 1.0) / std::sqrt(static_cast<double>(inputs));
    fill_uniform(linear->weight, bound, rng);
    fill_uniform(linear->bias, bound, rng);
    layers_.push_back(register_module(fmt::format("layers_{}", layer), linear));
    inputs = options.hidden;
  }
}

torch::Tensor PolicyNetworkImpl::forward(torch::Tensor features) {
  torch::Tensor hidden = torch::silu(layers_.front()(std::move(features)));
  for (std::size_t layer = 1; layer + 1 < layers_.size(); ++layer)
    hidden = hidden + torch::silu(layers_[layer](hidden));
  return layers_.back()(hidden).squeeze(-1);
}

torch::Tensor to_tensor(const MatrixF& matrix) {
  torch::Tensor tensor = torch::empty({matrix.rows(), matrix.cols()}, torch::kFloat32);
  std::memcpy(tensor.data_ptr<float>(), matrix.data(), static_cast<std::size_t>(matrix.size()) * sizeof(float));
  return tensor;
}

namespace {

/// The same network in double.
PolicyNetwork doubled(PolicyNetwork& network) {
  Rng unused_initialisation(0);
  PolicyNetwork copy(network->feature_count(), network->options(), unused_initialisation);
  const torch::NoGradGuard no_grad;
  const std::vector<torch::Tensor> parameters = network->parameters();
  const std::vector<torch::Tensor> copies = copy->parameters();
  for (std::size_t i = 0; i < copies.size(); ++i) copies[i].copy_(parameters[i]);
  copy->to(torch::kFloat64);
  return copy;
}

}  // namespace

std::vector<float> score_neurons(PolicyNetwork& network, const MatrixF& features) {
  if (features.cols() != network->feature_count()) {
    throw Error(ErrorKind::kMismatch, fmt::format("the policy reads {} features a neuron, but {} were given",
                                                  network->feature_count(), features.cols()));
  }
  torch::NoGradGuard no_grad;
  const torch::Tensor wide = to_tensor(features).to(torch::kFloat64);
  const torch::Tensor scores = doubled(network)->forward(wide).to(torch::kFloat32).contiguous();
  return {scores.data_ptr<float>(), scores.data_ptr<float>() + scores.numel()};
}

}  // namespace prunenet
