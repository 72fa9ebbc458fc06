#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/rng.h"
#include "prunenet/model/causal_lm.h"

namespace prunenet::testing {

/// The variants that make_model_goldens.py writes.
inline const std::vector<std::string>& tiny_model_names() {
  static const std::vector<std::string> names{"llama-grouped-tied",
                                              "llama-biased-untied",
                                              "llama-linear-rope-head-dim",
                                              "llama-llama3-rope",
                                              "mistral",
                                              "qwen2"};
  return names;
}

inline std::filesystem::path tiny_model_directory(const std::string& name) {
  return std::filesystem::path(PRUNENET_TEST_DATA) / "models" / name;
}

inline CausalLm load_tiny_model(const std::string& name = "llama-grouped-tied") {
  const Checkpoint checkpoint = Checkpoint::open(tiny_model_directory(name));
  SilentProgress progress;
  return CausalLm::load(checkpoint, *make_family(checkpoint), progress);
}

/// What transformers computed with that model; see make_model_goldens.py for names and shapes.
inline std::map<std::string, torch::Tensor> load_golden(const std::string& name) {
  const SafetensorsFile file = SafetensorsFile::open(tiny_model_directory(name).string() + ".golden.safetensors");
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

inline torch::Tensor random_ids(const CausalLm& model, std::int64_t batch, std::int64_t tokens,
                                std::uint64_t seed = 1) {
  Rng rng(seed);
  const torch::Tensor ids = torch::empty({batch, tokens}, torch::kInt64);
  auto values = ids.accessor<std::int64_t, 2>();
  for (std::int64_t row = 0; row < batch; ++row) {
    for (std::int64_t t = 0; t < tokens; ++t) {
      values[row][t] = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(model.config().vocab_size)));
    }
  }
  return ids;
}

}  // namespace prunenet::testing
