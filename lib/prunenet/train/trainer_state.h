#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "prunenet/family/config_fields.h"

namespace prunenet {

/// Everything needed to go on exactly where training stopped: tensors by name, and text (random state, counters).
struct TrainerState {
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> text;

  /// Throw Error(kMismatch) where there is no such field, or no tensor of that shape, Error(kBadInput) where a field is
  /// not JSON.
  [[nodiscard]] const std::string& text_of(const std::string& key) const;
  [[nodiscard]] nlohmann::json json_of(const std::string& key) const;
  [[nodiscard]] const torch::Tensor& tensor_of(const std::string& key, const torch::Tensor& like) const;

  /// Throws Error(kMismatch) where the state is not that of a run of `asked` steps, or what else `unit` names in
  /// plural, which is its field, too: rates depend on how many there are in all.
  void require_length(const std::string& unit, std::int64_t asked) const;

  /// Copies of a network's parameters, under `prefix`.
  void store(const std::string& prefix, const torch::nn::Module& network);
  void load(const std::string& prefix, torch::nn::Module& network) const;
  /// The averages of its optimizer. All parameters have taken the same steps; how many is the caller's to keep.
  void store_moments(const torch::nn::Module& network, torch::optim::AdamW& optimizer);
  void load_moments(const torch::nn::Module& network, torch::optim::AdamW& optimizer, std::int64_t steps) const;
};

/// Checked reading of an object of a training state.
[[nodiscard]] ConfigFields state_fields(const nlohmann::json& object);

/// Bounds for its numbers where none are known: finite, and far from overflow.
inline constexpr double kLargestNumber = std::numeric_limits<double>::max();
inline constexpr std::int64_t kLargestCount = std::numeric_limits<std::int64_t>::max() / 2;

/// Whether no parameter is NaN or infinite.
[[nodiscard]] bool is_finite(const torch::nn::Module& network);

/// Both networks are of one shape.
void copy_parameters(const torch::nn::Module& from, torch::nn::Module& to);

}  // namespace prunenet
