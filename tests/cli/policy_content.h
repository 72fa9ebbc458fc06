#pragma once

#include <string>

#include "prunenet/policy/policy.h"

namespace prunenet::testing {

/// A policy file apart from the times it took.
inline std::string policy_content(const std::filesystem::path& file) {
  const Policy policy = load_policy(file);
  std::string text = policy.recipe.dump() + nlohmann::json(policy.features).dump();
  for (const nlohmann::json& point : policy.curve) {
    text += point.at("validation_reward").dump() + point.at("step").dump();
  }
  for (const auto& parameter : policy.network->parameters()) {
    const torch::Tensor values = parameter.detach().contiguous();
    text.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
  }
  return text;
}

}  // namespace prunenet::testing
