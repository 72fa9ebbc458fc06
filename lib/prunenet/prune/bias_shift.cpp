#include "prunenet/prune/bias_shift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prunenet/core/error.h"

namespace prunenet {

BiasShifts bias_shifts(const Family& family, const std::vector<VectorF>& down_bias) {
  BiasShifts shifts;
  if (down_bias.empty()) return shifts;
  const ModelConfig& config = family.config();
  if (static_cast<std::int64_t>(down_bias.size()) != config.num_hidden_layers) {
    throw Error(ErrorKind::kMismatch, fmt::format("down biases for {} layers, but the model has {}", down_bias.size(),
                                                  config.num_hidden_layers));
  }
  for (std::size_t layer = 0; layer < down_bias.size(); ++layer) {
    const std::string name = family.ffn_block(static_cast<std::int64_t>(layer)).down.bias;
    if (name.empty()) {
      throw Error(ErrorKind::kUnsupported,
                  fmt::format("layer {}: the down projection of this {} checkpoint has no bias that could be changed; "
                              "prune without a bias compensation",
                              layer, config.architecture));
    }
    if (down_bias[layer].size() != config.hidden_size) {
      throw Error(ErrorKind::kMismatch, fmt::format("layer {}: a down bias of {} elements, but hidden_size is {}",
                                                    layer, down_bias[layer].size(), config.hidden_size));
    }
    shifts[name] = &down_bias[layer];
  }
  return shifts;
}

HostTensor shifted(const std::string& name, const HostTensor& bias, const VectorF& shift) {
  const std::vector<float> before = to_floats(bias.data, bias.info.dtype);
  const Eigen::Map<const VectorF> values(before.data(), static_cast<Eigen::Index>(before.size()));
  const VectorF sum = values + shift;
  HostTensor result;
  result.info = bias.info;
  result.data = from_floats({sum.data(), before.size()}, bias.info.dtype);
  const std::vector<float> stored = to_floats(result.data, bias.info.dtype);
  if (const auto bad = std::ranges::find_if_not(stored, [](float value) { return std::isfinite(value); });
      bad != stored.end()) {
    const auto index = bad - stored.begin();
    throw Error(ErrorKind::kNumerical,
                fmt::format("tensor '{}', element {}: {} + {} is not a finite {}", name, index,
                            before[static_cast<std::size_t>(index)], shift[index], to_string(bias.info.dtype)));
  }
  return result;
}

}  // namespace prunenet
