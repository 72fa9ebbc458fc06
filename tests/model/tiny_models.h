#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "prunenet/core/rng.h"
#include "prunenet/model/causal_lm.h"
#include "support/goldens.h"

namespace prunenet::testing {

/// The variants that make_model_goldens.py writes.
inline const std::vector<std::string>& tiny_model_names() {
  static const std::vector<std::string> names{"llama-grouped-tied",
                                              "llama-biased-untied",
                                              "llama-linear-rope-head-dim",
                                              "llama-llama3-rope",
                                              "mistral",
                                              "mistral-window",
                                              "qwen2",
                                              "qwen2-window",
                                              "qwen3",
                                              "granite",
                                              "gemma",
                                              "gemma2",
                                              "gemma3",
                                              "olmo2",
                                              "phi3",
                                              "phi",
                                              "phi-head-norms",
                                              "opt",
                                              "opt-norm-behind",
                                              "falcon-multi-query",
                                              "falcon-new-decoder",
                                              "falcon-sequential",
                                              "gpt2",
                                              "gpt-neox",
                                              "gpt-neox-sequential"};
  return names;
}

/// Of a test that takes the name of a variant for its parameter.
inline std::string tiny_model_test_name(const ::testing::TestParamInfo<std::string>& variant) {
  std::string name = variant.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

inline std::filesystem::path tiny_model_directory(const std::string& name) {
  return std::filesystem::path(PRUNENET_TEST_DATA) / "models" / name;
}

inline CausalLm load_tiny_model(const std::string& name = "llama-grouped-tied") {
  const Checkpoint checkpoint = Checkpoint::open(tiny_model_directory(name));
  SilentProgress progress;
  return CausalLm::load(checkpoint, *make_family(checkpoint), progress);
}

/// The same with options. It may stream, so it keeps what it reads from.
struct LoadedTinyModel {
  explicit LoadedTinyModel(const std::string& name, const LoadOptions& options = {})
      : checkpoint(Checkpoint::open(tiny_model_directory(name))),
        family(make_family(checkpoint)),
        model(CausalLm::load(checkpoint, *family, silent, options)) {}

  SilentProgress silent;
  Checkpoint checkpoint;
  std::unique_ptr<Family> family;
  CausalLm model;
};

/// What transformers computed with that model; see make_model_goldens.py for names and shapes.
inline std::map<std::string, torch::Tensor> load_golden(const std::string& name) {
  return load_goldens("models/" + name + ".golden.safetensors");
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
