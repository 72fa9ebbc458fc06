#include "callable_environment.h"

#include <fmt/format.h>

#include <cmath>

#include "prunenet/core/error.h"
#include "prunenet/policy/network.h"
#include "tensors.h"

namespace prunenet::python {

namespace {

std::vector<double> numbers_of(const py::object& answer, std::int64_t layer) {
  try {
    return answer.cast<std::vector<double>>();
  } catch (const py::cast_error&) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("the distortion of layer {} gave {}; it must give a number for each keep-set", layer,
                            py::repr(answer).cast<std::string>()));
  }
}

std::vector<double> ask(const py::object& callable, std::int64_t layer, const torch::Tensor& rankings,
                        std::int64_t kept) {
  const torch::Tensor keep_indices = std::get<0>(rankings.narrow(1, 0, kept).sort(1));
  const py::gil_scoped_acquire lock;
  std::vector<double> distortions = numbers_of(callable(layer, to_array<std::int64_t>(keep_indices)), layer);
  if (distortions.size() != static_cast<std::size_t>(rankings.size(0))) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("the distortion of layer {} gave {} numbers for {} keep-sets; it must give one for each",
                            layer, distortions.size(), rankings.size(0)));
  }
  for (const double distortion : distortions) {
    if (std::isfinite(distortion) && distortion >= 0.0) continue;
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("the distortion of layer {} gave {}; it must be finite and at least 0", layer, distortion));
  }
  return distortions;
}

}  // namespace

CallableEnvironment::CallableEnvironment(const std::vector<MatrixF>& features, py::object distortion,
                                         const py::object& held_out)
    : distortion_(std::move(distortion)), held_out_(held_out.is_none() ? distortion_ : held_out) {
  for (const MatrixF& layer : features) features_.push_back(prunenet::to_tensor(layer));
}

std::int64_t CallableEnvironment::num_layers() const {
  return static_cast<std::int64_t>(features_.size());
}

const torch::Tensor& CallableEnvironment::features(std::int64_t layer) const {
  return features_.at(static_cast<std::size_t>(layer));
}

std::vector<double> CallableEnvironment::distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                     std::int64_t kept) const {
  return ask(distortion_, layer, rankings, kept);
}

SwapRewards CallableEnvironment::swap_rewards(std::int64_t /*layer*/, const torch::Tensor& /*rankings*/,
                                              std::int64_t /*kept*/) const {
  throw Error(ErrorKind::kUnsupported,
              "estimator 'conditional' needs the reward of every swap, which a callable does not give; take 'rloo'");
}

std::vector<double> CallableEnvironment::held_out_distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                              std::int64_t kept) const {
  return ask(held_out_, layer, rankings, kept);
}

}  // namespace prunenet::python
