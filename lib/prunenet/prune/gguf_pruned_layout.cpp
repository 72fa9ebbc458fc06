#include "prunenet/prune/gguf_pruned_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <span>
#include <utility>

#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/checkpoint/gguf_copy.h"
#include "prunenet/checkpoint/quantize.h"
#include "prunenet/core/error.h"
#include "prunenet/family/gguf_architecture.h"
#include "prunenet/family/gguf_hyperparameters.h"
#include "prunenet/family/gguf_tensors.h"

namespace prunenet {

namespace {

/// "blk.<l>.…"
std::size_t layer_of(const std::string& name) {
  constexpr std::string_view kPrefix = "blk.";
  std::size_t layer = 0;
  std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), layer);
  return layer;
}

/// Rows of the kept neurons in every part: gate and up may lie in one tensor.
std::vector<std::int64_t> kept_rows(const GgufTensor& tensor, const std::vector<std::int64_t>& keep) {
  std::vector<std::int64_t> rows;
  std::int64_t first = 0;
  for (const GgufRows& part : tensor.parts) {
    for (const std::int64_t neuron : keep) rows.push_back(first + neuron);
    first += part.rows;
  }
  return rows;
}

std::vector<std::byte> keep_rows(std::span<const std::byte> blocks, std::size_t row_bytes,
                                 const std::vector<std::int64_t>& rows) {
  std::vector<std::byte> kept;
  kept.reserve(rows.size() * row_bytes);
  for (const std::int64_t row : rows) {
    const auto from = blocks.subspan(static_cast<std::size_t>(row) * row_bytes, row_bytes);
    kept.insert(kept.end(), from.begin(), from.end());
  }
  return kept;
}

std::vector<float> keep_columns(const std::vector<float>& values, std::int64_t width,
                                const std::vector<std::int64_t>& columns) {
  std::vector<float> kept;
  kept.reserve(values.size() / static_cast<std::size_t>(width) * columns.size());
  for (auto row = values.begin(); row != values.end(); row += width) {
    for (const std::int64_t column : columns) kept.push_back(row[column]);
  }
  return kept;
}

}  // namespace

GgufPrunedLayout lay_out_pruned_gguf(const GgufFile& file, const Family& family, const Plan& plan) {
  const GgufArchitecture& architecture = gguf_architecture(file.text(kGgufArchitectureKey));
  require_one_width(family.config());
  check_plan_fits(plan, family.config().num_hidden_layers, family.config().intermediate_size);
  refuse_empty_layers(plan);
  if (!plan.is_uniform() && architecture.name != "llama") {
    throw Error(
        ErrorKind::kUnsupported,
        fmt::format("the plan keeps {} to {} neurons, not as many in every layer; of GGUF files, only those of "
                    "architecture llama can hold that (as llama.cpp's architecture {}), and this is {}",
                    std::ranges::min(plan.widths()), std::ranges::max(plan.widths()), kGgufDeci, architecture.name));
  }
  GgufPrunedLayout layout;
  for (const GgufTensor& tensor : gguf_tensors(family, architecture)) {
    if (!tensor.neuron_columns && !tensor.parts.front().neurons) continue;
    const std::vector<std::int64_t>& keep = plan.keep_indices[layer_of(tensor.name)];
    GgufCut& cut = layout.cuts[tensor.name];
    // The bias of a down projection has no columns, and is not cut.
    if (tensor.neuron_columns) cut.columns = keep;
    if (tensor.parts.front().neurons) cut.rows = kept_rows(tensor, keep);
  }
  for (const std::string& name : file.names()) {
    const GgufTensorInfo& info = file.tensor(name);
    GgufDeclaration declaration{name, info.type, info.shape};
    if (const auto cut = layout.cuts.find(name); cut != layout.cuts.end()) {
      if (!cut->second.rows.empty()) declaration.shape.front() = static_cast<std::int64_t>(cut->second.rows.size());
      if (!cut->second.columns.empty()) {
        declaration.shape.back() = static_cast<std::int64_t>(cut->second.columns.size());
        declaration.type = requantised_type(info.type, declaration.shape.back());
      }
    }
    if (declaration.type != info.type) {
      ++layout.retyped[fmt::format("{} to {}", gguf_block(info.type).name, gguf_block(declaration.type).name)];
    }
    layout.tensors.push_back(std::move(declaration));
  }
  return layout;
}

std::vector<std::byte> pruned_blocks(const GgufFile& file, const GgufDeclaration& tensor,
                                     const GgufPrunedLayout& layout, const Replacements& replacements) {
  if (replacements.has(tensor.name)) return quantize(tensor.type, replacements.numbers(tensor.name));
  const auto cut = layout.cuts.find(tensor.name);
  if (cut == layout.cuts.end()) return file.read_blocks(tensor.name);
  const GgufTensorInfo& info = file.tensor(tensor.name);
  if (!cut->second.columns.empty()) {
    return quantize(tensor.type, keep_columns(file.read(tensor.name), info.shape.back(), cut->second.columns));
  }
  const std::size_t row_bytes = info.bytes / static_cast<std::size_t>(info.shape.front());
  return keep_rows(file.read_blocks(tensor.name), row_bytes, cut->second.rows);
}

GgufPairs pruned_metadata(const GgufFile& file, const Family& family, const Plan& plan) {
  const std::string before = file.text(kGgufArchitectureKey);
  const std::string after = plan.is_uniform() ? before : std::string(kGgufDeci);
  GgufPairs pairs = copy_metadata(file, [&](const std::string& key) {
    return key.starts_with(before + ".") ? after + key.substr(before.size()) : key;
  });
  pairs.set(kGgufArchitectureKey, std::string_view(after));
  if (plan.is_uniform()) {
    pairs.set(after + ".feed_forward_length", static_cast<std::uint32_t>(plan.uniform_width()));
    return pairs;
  }
  set_gguf_widths(family.config(), plan.widths(), pairs);
  return pairs;
}

PruneEstimate estimate_gguf_layout(const GgufFile& file, const Family& family, const Plan& plan,
                                   const GgufPrunedLayout& layout) {
  ModelSize before{.bytes = std::filesystem::file_size(file.path())};
  for (const auto& [name, info] : file.tensors()) before.parameters += info.elements;
  ModelSize after{.bytes = GgufLayout(pruned_metadata(file, family, plan), layout.tensors).file_bytes()};
  for (const GgufDeclaration& tensor : layout.tensors) {
    std::uint64_t elements = 1;
    for (const std::int64_t extent : tensor.shape) elements *= static_cast<std::uint64_t>(extent);
    after.parameters += elements;
  }
  return make_estimate(family, plan, before, after);
}

}  // namespace prunenet
