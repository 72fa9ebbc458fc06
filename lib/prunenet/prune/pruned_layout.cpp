#include "prunenet/prune/pruned_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "prunenet/core/error.h"
#include "prunenet/core/input_file.h"
#include "prunenet/core/printable.h"
#include "prunenet/prune/estimate.h"
#include "prunenet/prune/model_files.h"

namespace prunenet {

namespace {

using Cuts = std::map<std::string, Cut>;

/// Keeps these indices of a tensor, besides what another map that shares it keeps.
void add_cut(Cuts& cuts, const Checkpoint& checkpoint, const std::string& name, std::size_t axis, std::int64_t extent,
             const std::vector<std::int64_t>& keep) {
  if (name.empty()) return;  // this architecture has no such tensor
  const std::filesystem::path file = checkpoint.directory() / checkpoint.shard_of(name);
  const std::vector<std::int64_t>& shape = checkpoint.tensors().at(name).shape;
  if (axis >= shape.size() || shape[axis] != extent) {
    throw Error(ErrorKind::kMismatch, fmt::format("{}: tensor '{}': shape {}, but axis {} should have {} elements",
                                                  file.string(), name, printable(shape), axis, extent));
  }
  Cut& cut = cuts[name];
  cut.axis = axis;
  cut.keep.insert(cut.keep.end(), keep.begin(), keep.end());
  std::ranges::sort(cut.keep);
}

/// The kept outputs of a map, as they are stored.
void add_outputs(Cuts& cuts, const Checkpoint& checkpoint, const LinearPlace& place,
                 const std::vector<std::int64_t>& keep) {
  std::vector<std::int64_t> stored(keep.size());
  std::ranges::transform(keep, stored.begin(), [&place](std::int64_t neuron) { return place.pattern.stored(neuron); });
  add_cut(cuts, checkpoint, place.weight, place.transposed ? 1 : 0, place.stored_outputs, stored);
  add_cut(cuts, checkpoint, place.bias, 0, place.stored_outputs, stored);
}

Cuts cuts_of(const Checkpoint& checkpoint, const Family& family, const Plan& plan) {
  Cuts cuts;
  for (std::size_t layer = 0; layer < plan.keep_indices.size(); ++layer) {
    const FfnBlock block = family.ffn_block(static_cast<std::int64_t>(layer));
    const std::vector<std::int64_t>& keep = plan.keep_indices[layer];
    add_outputs(cuts, checkpoint, block.gate, keep);
    add_outputs(cuts, checkpoint, block.up, keep);
    add_cut(cuts, checkpoint, block.down.weight, block.down.transposed ? 0 : 1, plan.intermediate_size, keep);
  }
  return cuts;
}

/// Of two tensors of one size; piece by piece, since embeddings are the largest tensors there are.
bool same_bytes(const Checkpoint& checkpoint, const std::string& left, const std::string& right) {
  constexpr std::uint64_t kPieceBytes = 4ULL << 20U;
  const SafetensorsFile& left_file = checkpoint.file_of(checkpoint.shard_of(left));
  const SafetensorsFile& right_file = checkpoint.file_of(checkpoint.shard_of(right));
  const std::uint64_t size = left_file.range_of(left).bytes;
  const auto piece = [&](const SafetensorsFile& file, const std::string& name, std::uint64_t begin) {
    return file.file().read(file.range_of(name).offset + begin, std::min(kPieceBytes, size - begin));
  };
  for (std::uint64_t begin = 0; begin < size; begin += kPieceBytes) {
    if (piece(left_file, left, begin) != piece(right_file, right, begin)) return false;
  }
  return true;
}

/// Names of stored tensors that are the embedding once more, in a model that ties its output projection to it.
std::set<std::string> tied_copies(const Checkpoint& checkpoint, const Family& family) {
  std::set<std::string> copies;
  if (!family.config().tie_word_embeddings) return copies;
  const TensorInfo& embedding = checkpoint.tensors().at(family.embedding());
  for (const auto& [name, info] : checkpoint.tensors()) {
    if (name == family.embedding() || info.dtype != embedding.dtype || info.shape != embedding.shape) continue;
    if (same_bytes(checkpoint, name, family.embedding())) copies.insert(name);
  }
  return copies;
}

}  // namespace

PrunedLayout lay_out_pruned(const Checkpoint& checkpoint, const Family& family, const Plan& plan) {
  const ModelConfig& config = family.config();
  check_plan_fits(plan, config.num_hidden_layers, config.intermediate_size);
  refuse_empty_layers(plan);
  if (!plan.is_uniform()) {
    const std::vector<std::int64_t> widths = plan.widths();
    throw Error(ErrorKind::kUnsupported,
                fmt::format("the plan keeps {} to {} neurons, not as many in every layer; a model directory has one {} "
                            "for all, and loaders would read it as damaged. GGUF files of LLaMA models can hold such a "
                            "plan (llama.cpp's architecture deci): apply it to one",
                            std::ranges::min(widths), std::ranges::max(widths), family.width_field()));
  }
  PrunedLayout layout;
  layout.cuts = cuts_of(checkpoint, family, plan);
  const std::set<std::string> left_out = tied_copies(checkpoint, family);
  layout.shards = shards_of(checkpoint);
  for (Shard& shard : layout.shards) {
    std::erase_if(shard.tensors,
                  [&left_out](const TensorDeclaration& tensor) { return left_out.contains(tensor.name); });
    for (TensorDeclaration& tensor : shard.tensors) {
      if (const auto cut = layout.cuts.find(tensor.name); cut != layout.cuts.end()) {
        tensor.shape[cut->second.axis] = static_cast<std::int64_t>(cut->second.keep.size());
      }
    }
  }
  std::erase_if(layout.shards, [](const Shard& shard) { return shard.tensors.empty(); });
  return layout;
}

PruneEstimate estimate_layout(const Checkpoint& checkpoint, const Family& family, const Plan& plan,
                              const PrunedLayout& layout) {
  ModelSize before{.parameters = checkpoint.parameters()};
  for (const std::string& name : weight_files(checkpoint)) {
    before.bytes += InputFile(checkpoint.directory() / name).size();
  }
  ModelSize after{.bytes = serialized_size(layout.shards)};
  for (const Shard& shard : layout.shards) {
    for (const TensorDeclaration& tensor : shard.tensors) after.parameters += bytes_of(tensor) / size_of(tensor.dtype);
  }
  return make_estimate(family, plan, before, after);
}

}  // namespace prunenet
