#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/down_replacements.h"
#include "prunenet/prune/prune.h"

namespace prunenet {

/// A model that is pruned to its own format: a directory to a directory, a GGUF file to a GGUF file.
class Prunable {
 public:
  /// Opens and checks it. Throws what open_checkpoint and make_family throw.
  explicit Prunable(std::filesystem::path path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] bool is_gguf() const { return file_.has_value(); }
  [[nodiscard]] const Checkpoint& checkpoint() const { return checkpoint_; }
  [[nodiscard]] const Family& family() const { return *family_; }

  /// What `prune` would write. Throws what `estimate_prune` or `estimate_gguf_prune` throws.
  [[nodiscard]] PruneEstimate estimate(const Plan& plan) const;
  /// For any plan of this width in every layer.
  [[nodiscard]] PruneEstimate estimate_width(std::int64_t width) const;
  /// How the output of `prune` holds its down projections.
  [[nodiscard]] std::vector<StoredDown> stored_downs(const Plan& plan) const;
  /// `prune_checkpoint` or `prune_gguf`.
  PruneReport prune(const Plan& plan, const PruneOptions& options, Progress& progress) const;

 private:
  std::filesystem::path path_;
  Checkpoint checkpoint_;
  std::unique_ptr<Family> family_;
  std::optional<GgufFile> file_;
};

}  // namespace prunenet
