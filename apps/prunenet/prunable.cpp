#include "prunable.h"

#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/gguf_prune.h"

namespace prunenet::cli {

Prunable::Prunable(const std::filesystem::path& path) : model_(open_model(path)) {
  if (is_gguf_path(path)) file_ = GgufFile::open(path);
}

PruneEstimate Prunable::estimate(const Plan& plan) const {
  return file_ ? estimate_gguf_prune(*file_, *model_.family, plan)
               : estimate_prune(model_.checkpoint, *model_.family, plan);
}

PruneEstimate Prunable::estimate_width(std::int64_t width) const {
  return estimate(plan_of_width(model_.family->config(), width));
}

std::vector<StoredDown> Prunable::stored_downs(const Plan& plan) const {
  return file_ ? prunenet::stored_downs(*file_, *model_.family, plan)
               : prunenet::stored_downs(model_.checkpoint, *model_.family);
}

PruneReport Prunable::prune(const Plan& plan, const PruneOptions& options, Progress& progress) const {
  return file_ ? prune_gguf(*file_, *model_.family, plan, options, progress)
               : prune_checkpoint(model_.checkpoint, *model_.family, plan, options, progress);
}

}  // namespace prunenet::cli
