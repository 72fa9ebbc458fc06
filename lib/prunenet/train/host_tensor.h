#pragma once

#include <torch/torch.h>

#include <string>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/tensor.h"

namespace prunenet {

/// A copy for a safetensors file, of float, int32 or int64 on any device. Throws Error(kUnsupported) for other types.
[[nodiscard]] HostTensor to_host_tensor(const torch::Tensor& values);

/// One tensor of a file as it lies there. Throws Error(kBadInput) where it is missing or of another type than `type`,
/// one of these three.
[[nodiscard]] torch::Tensor read_tensor(const SafetensorsFile& file, const std::string& name, torch::Dtype type);

}  // namespace prunenet
