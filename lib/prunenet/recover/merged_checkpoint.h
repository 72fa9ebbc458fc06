#pragma once

#include <set>
#include <string>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/checkpoint/tensor.h"
#include "prunenet/family/family.h"
#include "prunenet/recover/student_weights.h"

namespace prunenet {

/// A tensor as it is stored with the outputs of one linear map replaced: the rows, or columns where it is stored
/// transposed, that the place's pattern names. weight: float [outputs, inputs] on the CPU. Rounds to nearest even; what
/// belongs to other maps stays byte for byte.
void put_weight(const LinearPlace& place, const torch::Tensor& weight, HostTensor& stored);

/// A student as a checkpoint of the same tensors, types and order: those of trained projections with their effective
/// weights, all others byte for byte. A tensor is made when it is read, which throws Error(kNumerical) naming one whose
/// new numbers do not fit its type. The references must outlive it.
[[nodiscard]] Checkpoint merged_checkpoint(const Checkpoint& student, const Family& family,
                                           const StudentWeights& weights);

/// Names of the tensors that hold trained projections.
[[nodiscard]] std::set<std::string> trained_tensors(const Family& family, const StudentWeights& weights);

}  // namespace prunenet
