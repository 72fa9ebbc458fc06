#include "prunenet/prune/prune.h"

#include <fmt/format.h>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/base_name.h"
#include "prunenet/core/error.h"
#include "prunenet/core/output_file.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/prune/bias_shift.h"
#include "prunenet/prune/compare_tensors.h"
#include "prunenet/prune/findings.h"
#include "prunenet/prune/model_files.h"
#include "prunenet/prune/pruned_layout.h"
#include "prunenet/prune/record.h"
#include "prunenet/prune/replacements.h"
#include "prunenet/prune/stream_shard.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

/// The output's weight files, and SHA-256 of them and of those they were made from.
struct WeightDigests {
  Digests inputs;
  Digests outputs;
};

Replacements open_replacements(const fs::path& file, const PrunedLayout& layout) {
  Replacements replacements(file);
  for (const Shard& shard : layout.shards) {
    for (const TensorDeclaration& tensor : shard.tensors) replacements.require_shape(tensor.name, tensor.shape);
  }
  replacements.require_all_used();
  return replacements;
}

WeightDigests write_weights(const Checkpoint& checkpoint, const PrunedLayout& layout, const PruneOptions& options,
                            const BiasShifts& shifts, const Replacements& replacements, const fs::path& to,
                            Progress& progress) {
  std::uint64_t total = 0;
  for (const Shard& shard : layout.shards) total += checkpoint.file_of(shard.file).file_bytes();
  progress.begin("writing", "bytes", total);
  WeightDigests digests;
  for (const Shard& shard : layout.shards) {
    const ShardDigests written = stream_shard(checkpoint.file_of(shard.file), shard, layout.cuts, shifts, replacements,
                                              to / shard.file, {.overlap = options.threads > 1}, progress);
    digests.inputs[shard.file] = written.input;
    digests.outputs[shard.file] = written.output;
  }
  write_index(to, layout.shards);
  return digests;
}

/// Adds the SHA-256 of those among the named files that are not in it yet.
void digest_others(const fs::path& directory, std::vector<std::string> names, std::string_view stage, Digests& digests,
                   Progress& progress) {
  std::erase_if(names, [&digests](const std::string& name) { return digests.contains(name); });
  digests.merge(digest_files(directory, names, stage, progress));
}

/// Opens what was written by the strict reader and compares it with what was meant.
void check_written_directory(const fs::path& directory, const PrunedLayout& layout, const std::string& width_field,
                             std::int64_t width) {
  const auto fail = [&directory](const std::string& why) {
    throw Error(ErrorKind::kIo,
                fmt::format("{}: the written checkpoint is not what was meant: {}", directory.string(), why));
  };
  if (Checkpoint::open(directory).config().at(width_field) != width)
    fail(fmt::format("{} is not {}", width_field, width));
  Findings findings(1);
  for (const Shard& shard : layout.shards) (void)open_expected_shard(directory / shard.file, shard, findings);
  const VerifyReport report = findings.take();
  if (!report.holds()) fail(to_string(report.failures.front()));
}

}  // namespace

PruneEstimate estimate_prune(const Checkpoint& checkpoint, const Family& family, const Plan& plan) {
  return estimate_layout(checkpoint, family, plan, lay_out_pruned(checkpoint, family, plan));
}

PruneReport prune_checkpoint(const Checkpoint& checkpoint, const Family& family, const Plan& plan,
                             const PruneOptions& options, Progress& progress) {
  const Stopwatch watch;
  const fs::path& input = checkpoint.directory();
  if (!checkpoint.is_directory()) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("{}: is no model directory, from which one could be made", checkpoint.shards().front()));
  }
  const PrunedLayout layout = lay_out_pruned(checkpoint, family, plan);
  const BiasShifts shifts = bias_shifts(family, options.down_bias);
  const Replacements replacements = open_replacements(options.replacements, layout);
  PruneReport report;
  report.sizes = estimate_layout(checkpoint, family, plan, layout);
  check_apart(input, options.output);
  const std::vector<CompanionFile> companions = companion_files(input);
  std::uint64_t needed = report.sizes.bytes_after;
  for (const CompanionFile& file : companions) needed += file.bytes;
  OutputDirectory output(options.output, needed, options.force);
  report.output = output.target();

  PruneRecord record = make_record(options, report.sizes, plan, base_name(input));
  copy_companions(input, output.path(), companions);
  write_file_atomically(output.path() / kCardFile, model_card(original_card(input), report.sizes, plan, options));
  WeightDigests digests = write_weights(checkpoint, layout, options, shifts, replacements, output.path(), progress);
  write_file_atomically(output.path() / kConfigFile,
                        config_with_width(input / kConfigFile, family.width_field(), plan.uniform_width()));
  check_written_directory(output.path(), layout, family.width_field(), plan.uniform_width());
  digest_others(input, input_files(checkpoint), "hashing other files of the input", digests.inputs, progress);
  digest_others(output.path(), files_below(output.path()), "hashing those of the output", digests.outputs, progress);
  record.inputs = std::move(digests.inputs);
  record.outputs = std::move(digests.outputs);
  report.wall_seconds = watch.seconds();
  report.peak_rss_bytes = peak_rss_bytes();
  record.run = {options.command_line, report.wall_seconds, report.peak_rss_bytes};
  write_file_atomically(output.path() / kRecordFile, record_text(record) + "\n");
  output.commit();
  return report;
}

}  // namespace prunenet
