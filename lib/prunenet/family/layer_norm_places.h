#pragma once

#include <string>

#include "prunenet/family/places.h"

namespace prunenet {

/// NAME.weight and NAME.bias.
[[nodiscard]] inline NormPlace layer_norm_place(const std::string& name, std::int64_t size) {
  return {name + ".weight", name + ".bias", size};
}

/// NAME.weight and, where the architecture has biases, NAME.bias.
[[nodiscard]] inline LinearPlace linear_place(const std::string& name, bool bias, std::int64_t outputs,
                                              std::int64_t inputs) {
  return whole_linear(name + ".weight", bias ? name + ".bias" : "", outputs, inputs);
}

}  // namespace prunenet
