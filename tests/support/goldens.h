#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <string>

#include "prunenet/checkpoint/safetensors_file.h"

namespace prunenet::testing {

/// The tensors of a golden file under tests/data: F32 or I64.
inline std::map<std::string, torch::Tensor> load_goldens(const std::string& name) {
  const SafetensorsFile file = SafetensorsFile::open(std::filesystem::path(PRUNENET_TEST_DATA) / name);
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [key, info] : file.tensors()) {
    const HostTensor host = file.read(key);
    const torch::Tensor tensor = torch::empty(info.shape, info.dtype == Dtype::kI64 ? torch::kInt64 : torch::kFloat);
    std::copy(host.data.begin(), host.data.end(), static_cast<std::byte*>(tensor.data_ptr()));
    tensors.emplace(key, tensor);
  }
  return tensors;
}

/// max |a - b|, infinite where shapes differ.
inline double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return (a - b).abs().max().item<double>();
}

}  // namespace prunenet::testing
