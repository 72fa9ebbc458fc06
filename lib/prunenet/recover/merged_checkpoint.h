#pragma once

#include <filesystem>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/checkpoint/tensor.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"
#include "prunenet/recover/student_weights.h"

namespace prunenet {

/// A tensor as it is stored with the outputs of one linear map replaced: the rows, or columns where it is stored
/// transposed, that the place's pattern names. weight: float [outputs, inputs] on the CPU. Rounds to nearest even; what
/// belongs to other maps stays byte for byte.
void put_weight(const LinearPlace& place, const torch::Tensor& weight, HostTensor& stored);

/// Writes the weight files of a student, of the same names and with the same tensors, types and order: those of trained
/// projections with their effective weights, all others byte for byte. One tensor is in memory at a time. Throws
/// Error(kNumerical) naming a tensor whose new numbers do not fit its type, and what `write_shards` throws.
void write_merged(const Checkpoint& student, const Family& family, const StudentWeights& weights,
                  const std::filesystem::path& directory, Progress& progress);

}  // namespace prunenet
