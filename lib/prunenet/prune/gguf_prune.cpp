#include "prunenet/prune/gguf_prune.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "prunenet/checkpoint/gguf_writer.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/checkpoint/quantize.h"
#include "prunenet/core/error.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/core/version.h"
#include "prunenet/family/gguf_architecture.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/family/gguf_tensors.h"
#include "prunenet/prune/record.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kDeci = "deci";  // LLaMA with a width for each layer
constexpr const char* kArchitectureKey = "general.architecture";
constexpr const char* kAlignmentKey = "general.alignment";
constexpr const char* kRecordKey = "prunenet.record";
constexpr const char* kVersionKey = "prunenet.version";

/// What happens to one tensor of the file.
struct GgufCut {
  std::vector<std::int64_t> rows;     ///< that stay; empty: all
  std::vector<std::int64_t> columns;  ///< that stay; empty: all
};

/// The file to be: tensors in the input's order.
struct GgufPruneLayout {
  std::vector<GgufDeclaration> tensors;
  std::map<std::string, GgufCut> cuts;
  std::map<std::string, std::size_t> retyped;  ///< "Q4_K to Q8_0": how many tensors
};

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

/// The type in which `width` columns are written that were of `type`.
GgufType requantised(GgufType type, std::int64_t width) {
  const auto fits = [width](GgufType candidate) { return width % gguf_block(candidate).elements == 0; };
  if (is_quantizable(type) && fits(type)) return type;
  return fits(GgufType::kQ80) ? GgufType::kQ80 : GgufType::kF16;
}

GgufPruneLayout lay_out(const GgufFile& file, const Family& family, const Plan& plan) {
  const GgufArchitecture& architecture = gguf_architecture(file.text(kArchitectureKey));
  check_plan_fits(plan, family.config().num_hidden_layers, family.config().intermediate_size);
  refuse_empty_layers(plan);
  if (!plan.is_uniform() && architecture.name != "llama") {
    throw Error(
        ErrorKind::kUnsupported,
        fmt::format("the plan keeps {} to {} neurons, not as many in every layer; of GGUF files, only those of "
                    "architecture llama can hold that (as llama.cpp's architecture {}), and this is {}",
                    std::ranges::min(plan.widths()), std::ranges::max(plan.widths()), kDeci, architecture.name));
  }
  GgufPruneLayout layout;
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
        declaration.type = requantised(info.type, declaration.shape.back());
      }
    }
    if (declaration.type != info.type) {
      ++layout.retyped[fmt::format("{} to {}", gguf_block(info.type).name, gguf_block(declaration.type).name)];
    }
    layout.tensors.push_back(std::move(declaration));
  }
  return layout;
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

std::vector<std::byte> cut_tensor(const GgufFile& file, const GgufDeclaration& declaration, const GgufCut& cut) {
  const GgufTensorInfo& info = file.tensor(declaration.name);
  if (!cut.columns.empty()) {
    return quantize(declaration.type, keep_columns(file.read(declaration.name), info.shape.back(), cut.columns));
  }
  const std::size_t row_bytes = info.bytes / static_cast<std::size_t>(info.shape.front());
  return keep_rows(file.read_blocks(declaration.name), row_bytes, cut.rows);
}

/// Metadata as it was, with the new width. Offsets of the written file are aligned as the format does by default.
GgufPairs pruned_metadata(const GgufFile& file, const Family& family, const Plan& plan) {
  const std::string before = file.text(kArchitectureKey);
  const std::string after = plan.is_uniform() ? before : std::string(kDeci);
  const auto renamed = [&](const std::string& key) {
    return key.starts_with(before + ".") ? after + key.substr(before.size()) : key;
  };
  GgufPairs pairs;
  for (const std::string& key : file.keys()) {
    if (key != kAlignmentKey) pairs.set_raw(renamed(key), file.raw_value(key));
  }
  pairs.set(kArchitectureKey, std::string_view(after));
  const std::string width_key = after + ".feed_forward_length";
  if (plan.is_uniform()) {
    pairs.set(width_key, static_cast<std::uint32_t>(plan.uniform_width()));
    return pairs;
  }
  const std::vector<std::int64_t> widths = plan.widths();
  const ModelConfig& config = family.config();
  const auto for_each_layer = [&](std::int64_t value) {
    return std::vector<std::uint32_t>(widths.size(), static_cast<std::uint32_t>(value));
  };
  pairs.set(width_key, std::vector<std::uint32_t>(widths.begin(), widths.end()));
  pairs.set(after + ".attention.head_count", for_each_layer(config.num_attention_heads));
  pairs.set(after + ".attention.head_count_kv", for_each_layer(config.num_key_value_heads));
  return pairs;
}

std::uint64_t tensor_bytes(const std::vector<GgufDeclaration>& tensors) {
  std::uint64_t sum = 0;
  for (const GgufDeclaration& tensor : tensors) sum += gguf_bytes(tensor.type, tensor.shape);
  return sum;
}

PruneEstimate estimate_layout(const GgufFile& file, const Family& family, const Plan& plan,
                              const GgufPruneLayout& layout) {
  ModelSize before{.bytes = fs::file_size(file.path())};
  for (const auto& [name, info] : file.tensors()) before.parameters += info.elements;
  ModelSize after{.bytes = GgufLayout(pruned_metadata(file, family, plan), layout.tensors).file_bytes()};
  for (const GgufDeclaration& tensor : layout.tensors) {
    std::uint64_t elements = 1;
    for (const std::int64_t extent : tensor.shape) elements *= static_cast<std::uint64_t>(extent);
    after.parameters += elements;
  }
  return make_estimate(family, plan, before, after);
}

void check_output(const fs::path& input, const fs::path& output, bool force) {
  if (resolve_path(input) == resolve_path(output)) {
    throw Error(
        ErrorKind::kInvalidArgument,
        fmt::format("{}: the output would replace the model it is made from; choose another name", output.string()));
  }
  if (fs::exists(fs::symlink_status(output)) && !force) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{}: exists; choose another name, or replace it with --force", output.string()));
  }
}

/// Opens what was written by the strict reader, and by the family where that can hold the plan.
void check_written(const fs::path& written, const Plan& plan) {
  if (!plan.is_uniform()) {
    static_cast<void>(GgufFile::open(written));
    return;
  }
  const Checkpoint checkpoint = open_gguf_checkpoint(written);
  if (make_family(checkpoint)->config().intermediate_size == plan.uniform_width()) return;
  throw Error(ErrorKind::kIo, fmt::format("{}: the written file has not the width that was meant", written.string()));
}

std::vector<std::string> remarks_on(const GgufPruneLayout& layout, const Plan& plan) {
  std::vector<std::string> remarks;
  for (const auto& [change, count] : layout.retyped) {
    remarks.push_back(fmt::format("{} down projections went from {}", count, change));
  }
  if (!plan.is_uniform()) {
    remarks.push_back(fmt::format("layers differ in width, so the file is of llama.cpp's architecture {}", kDeci));
  }
  return remarks;
}

}  // namespace

PruneEstimate estimate_gguf_prune(const GgufFile& file, const Family& family, const Plan& plan) {
  return estimate_layout(file, family, plan, lay_out(file, family, plan));
}

PruneReport prune_gguf(const GgufFile& file, const Family& family, const Plan& plan, const PruneOptions& options,
                       Progress& progress) {
  const Stopwatch watch;
  if (!options.down_bias.empty()) {
    throw Error(ErrorKind::kUnsupported, "changed biases are not written to GGUF files");
  }
  const GgufPruneLayout layout = lay_out(file, family, plan);
  check_output(file.path(), options.output, options.force);
  PruneReport report;
  report.sizes = estimate_layout(file, family, plan, layout);
  report.output = resolve_path(options.output);
  report.remarks = remarks_on(layout, plan);
  const std::string input_name = file.path().filename().string();
  const fs::path parent = file.path().has_parent_path() ? file.path().parent_path() : ".";
  const Digests inputs = digest_files(parent, {input_name}, "hashing the input", progress);
  report.wall_seconds = watch.seconds();
  report.peak_rss_bytes = peak_rss_bytes();
  GgufPairs pairs = pruned_metadata(file, family, plan);
  pairs.set(kVersionKey, version());
  pairs.set(kRecordKey, std::string_view(record_text(make_record(options, report, plan, inputs, {}, input_name))));
  const GgufLayout written(pairs, layout.tensors);
  check_free_space(report.output, written.file_bytes());
  GgufWriter writer(report.output, written);
  progress.begin("writing", "bytes", tensor_bytes(layout.tensors));
  for (const GgufDeclaration& tensor : layout.tensors) {
    const auto cut = layout.cuts.find(tensor.name);
    const std::vector<std::byte> blocks =
        cut == layout.cuts.end() ? file.read_blocks(tensor.name) : cut_tensor(file, tensor, cut->second);
    writer.write(tensor.name, blocks);
    progress.advance(blocks.size());
  }
  writer.finish([&plan](const fs::path& path) { check_written(path, plan); });
  report.wall_seconds = watch.seconds();
  report.peak_rss_bytes = peak_rss_bytes();
  return report;
}

}  // namespace prunenet
