#include "prunenet/prune/gguf_prune.h"

#include <fmt/format.h>

#include "prunenet/checkpoint/gguf_writer.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/error.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/family/gguf_hyperparameters.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/gguf_pruned_layout.h"
#include "prunenet/prune/record.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

/// Opens what was written as a model, with every check of tensors and sizes.
void check_written(const fs::path& written, const Plan& plan) {
  const Checkpoint checkpoint = open_gguf_checkpoint(written);
  const auto family = make_family(checkpoint);
  const std::vector<std::int64_t> widths = plan.widths();
  for (std::size_t layer = 0; layer < widths.size(); ++layer) {
    const std::int64_t found = width_of(family->config(), static_cast<std::int64_t>(layer));
    if (found == widths[layer]) continue;
    throw Error(ErrorKind::kIo,
                fmt::format("{}: layer {} of the written file has {} neurons, not the {} that were meant",
                            written.string(), layer, found, widths[layer]));
  }
}

std::vector<std::string> remarks_on(const GgufPrunedLayout& layout, const Plan& plan) {
  std::vector<std::string> remarks;
  for (const auto& [change, count] : layout.retyped) {
    remarks.push_back(fmt::format("{} down projections went from {}", count, change));
  }
  if (!plan.is_uniform()) {
    remarks.push_back(fmt::format("layers differ in width, so the file is of llama.cpp's architecture {}", kGgufDeci));
  }
  return remarks;
}

std::uint64_t tensor_bytes(const std::vector<GgufDeclaration>& tensors) {
  std::uint64_t sum = 0;
  for (const GgufDeclaration& tensor : tensors) sum += gguf_bytes(tensor.type, tensor.shape);
  return sum;
}

}  // namespace

PruneEstimate estimate_gguf_prune(const GgufFile& file, const Family& family, const Plan& plan) {
  return estimate_gguf_layout(file, family, plan, lay_out_pruned_gguf(file, family, plan));
}

PruneReport prune_gguf(const GgufFile& file, const Family& family, const Plan& plan, const PruneOptions& options,
                       Progress& progress) {
  const Stopwatch watch;
  if (!options.down_bias.empty()) {
    throw Error(ErrorKind::kUnsupported, "changed biases are not written to GGUF files");
  }
  const GgufPrunedLayout layout = lay_out_pruned_gguf(file, family, plan);
  Replacements replacements(options.replacements);
  for (const GgufDeclaration& tensor : layout.tensors) replacements.require_shape(tensor.name, tensor.shape);
  replacements.require_all_used();
  check_output_file(file.path(), options.output, options.force);
  PruneReport report;
  report.sizes = estimate_gguf_layout(file, family, plan, layout);
  report.output = resolve_path(options.output);
  report.remarks = remarks_on(layout, plan);
  const std::string input_name = file.path().filename().string();
  const fs::path parent = file.path().has_parent_path() ? file.path().parent_path() : ".";
  PruneRecord record = make_record(options, report.sizes, plan, input_name);
  record.inputs = digest_files(parent, {input_name}, "hashing the input", progress);
  GgufPairs pairs = pruned_metadata(file, family, plan);
  pairs.set(kGgufVersionKey, std::string_view(record.prunenet_version));
  pairs.set(kGgufRecordKey, std::string_view(record_text(record)));
  GgufWriter writer(report.output, GgufLayout(pairs, layout.tensors));
  progress.begin("writing", "bytes", tensor_bytes(layout.tensors));
  for (const GgufDeclaration& tensor : layout.tensors) {
    const std::vector<std::byte> blocks = pruned_blocks(file, tensor, layout, replacements);
    writer.write(tensor.name, blocks);
    progress.advance(blocks.size());
  }
  writer.finish([&plan](const fs::path& path) { check_written(path, plan); });
  report.wall_seconds = watch.seconds();
  report.peak_rss_bytes = peak_rss_bytes();
  return report;
}

}  // namespace prunenet
