#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "model.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/progress.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/down_replacements.h"
#include "prunenet/prune/prune.h"

namespace prunenet::cli {

/// A model that can be pruned to its own format: a model directory, or a GGUF file.
class Prunable {
 public:
  /// Throws what open_model throws.
  explicit Prunable(const std::filesystem::path& path);

  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] PruneEstimate estimate(const Plan& plan) const;
  /// For any plan of this width in every layer.
  [[nodiscard]] PruneEstimate estimate_width(std::int64_t width) const;
  /// How the output of `prune` holds its down projections.
  [[nodiscard]] std::vector<StoredDown> stored_downs(const Plan& plan) const;
  PruneReport prune(const Plan& plan, const PruneOptions& options, Progress& progress) const;

 private:
  Model model_;
  std::optional<GgufFile> file_;
};

}  // namespace prunenet::cli
