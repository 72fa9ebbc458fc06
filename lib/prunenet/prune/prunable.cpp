#include "prunenet/prune/prunable.h"

#include <utility>

#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/gguf_prune.h"

namespace prunenet {

Prunable::Prunable(std::filesystem::path path)
    : path_(std::move(path)), checkpoint_(open_checkpoint(path_)), family_(make_family(checkpoint_)) {
  if (!checkpoint_.is_directory()) file_ = GgufFile::open(path_);
}

PruneEstimate Prunable::estimate(const Plan& plan) const {
  return file_ ? estimate_gguf_prune(*file_, *family_, plan) : estimate_prune(checkpoint_, *family_, plan);
}

PruneEstimate Prunable::estimate_width(std::int64_t width) const {
  return estimate(plan_of_width(family_->config(), width));
}

std::vector<StoredDown> Prunable::stored_downs(const Plan& plan) const {
  return file_ ? prunenet::stored_downs(*file_, *family_, plan) : prunenet::stored_downs(checkpoint_, *family_);
}

PruneReport Prunable::prune(const Plan& plan, const PruneOptions& options, Progress& progress) const {
  return file_ ? prune_gguf(*file_, *family_, plan, options, progress)
               : prune_checkpoint(checkpoint_, *family_, plan, options, progress);
}

}  // namespace prunenet
