#pragma once

#include <map>
#include <string>
#include <vector>

#include "prunenet/checkpoint/tensor.h"
#include "prunenet/core/matrix.h"
#include "prunenet/family/family.h"

namespace prunenet {

/// What is added to the biases of down projections, by tensor name.
using BiasShifts = std::map<std::string, const VectorF*>;

/// None for an empty `down_bias`, else one [d] a layer, which must outlive the result.
/// Throws Error(kUnsupported) where the family's down projections have no bias: a checkpoint of that architecture has
/// no place for one. Error(kMismatch) where layers or d are not the model's.
[[nodiscard]] BiasShifts bias_shifts(const Family& family, const std::vector<VectorF>& down_bias);

/// bias + shift, computed in float and rounded to the bias's own type.
/// Throws Error(kNumerical) naming `name` where that type does not hold a sum.
[[nodiscard]] HostTensor shifted(const std::string& name, const HostTensor& bias, const VectorF& shift);

}  // namespace prunenet
