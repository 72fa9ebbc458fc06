#include "prunenet/prune/prune.h"

#include <fmt/format.h>

#include <algorithm>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/input_file.h"
#include "prunenet/core/output_file.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/prune/bias_shift.h"
#include "prunenet/prune/model_files.h"
#include "prunenet/prune/pruned_layout.h"
#include "prunenet/prune/record.h"
#include "prunenet/prune/slice.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

constexpr const char* kCardFile = "README.md";
constexpr std::uint64_t kMaxCardBytes = 16ULL << 20U;

/// Weight files, their index and the config, as they stand in the input.
std::vector<std::string> input_files(const Checkpoint& checkpoint) {
  std::vector<std::string> names = checkpoint.shards();
  if (checkpoint.is_sharded()) names.emplace_back(kIndexFile);
  names.emplace_back(kConfigFile);
  return names;
}

/// All files below a directory, relative to it, sorted.
std::vector<std::string> files_below(const fs::path& directory) {
  std::vector<std::string> names;
  for (const fs::directory_entry& item : fs::recursive_directory_iterator(directory)) {
    if (item.is_regular_file()) names.push_back(item.path().lexically_relative(directory).string());
  }
  std::ranges::sort(names);
  return names;
}

PruneEstimate estimate(const Checkpoint& checkpoint, const Family& family, const Plan& plan,
                       const PrunedLayout& layout) {
  ModelSize before{.parameters = checkpoint.parameters()};
  for (const std::string& name : input_files(checkpoint)) {
    if (name != kConfigFile) before.bytes += InputFile(checkpoint.directory() / name).size();
  }
  ModelSize after{.bytes = serialized_size(layout.shards)};
  for (const Shard& shard : layout.shards) {
    for (const TensorDeclaration& tensor : shard.tensors) after.parameters += bytes_of(tensor) / size_of(tensor.dtype);
  }
  return make_estimate(family, plan, before, after);
}

void copy_companions(const fs::path& from, const fs::path& to, const std::vector<CompanionFile>& files) {
  for (const CompanionFile& file : files) {
    std::error_code status;
    fs::create_directories((to / file.name).parent_path(), status);  // where it fails, so does the copy, and says why
    copy_file_durably(from / file.name, to / file.name);
  }
}

void write_weights(const Checkpoint& checkpoint, const PrunedLayout& layout, const BiasShifts& shifts,
                   const fs::path& to, Progress& progress) {
  const TensorSource source = [&](const std::string& name) {
    HostTensor tensor = checkpoint.read(name);
    if (const auto shift = shifts.find(name); shift != shifts.end()) return shifted(name, tensor, *shift->second).data;
    const auto cut = layout.cuts.find(name);
    if (cut == layout.cuts.end()) return std::move(tensor.data);
    return slice(tensor, cut->second.axis, cut->second.keep).data;
  };
  write_shards(to, layout.shards, source, progress);
}

std::string original_card(const fs::path& directory) {
  std::error_code ignored;
  if (!fs::is_regular_file(directory / kCardFile, ignored)) return {};
  return read_text_file(directory / kCardFile, kMaxCardBytes);
}

/// Opens what was written by the strict reader and compares it with what was meant.
void verify(const fs::path& directory, const PrunedLayout& layout, const std::string& width_field, std::int64_t width) {
  const auto fail = [&directory](const std::string& why) {
    throw Error(ErrorKind::kIo,
                fmt::format("{}: the written checkpoint is not what was meant: {}", directory.string(), why));
  };
  const Checkpoint written = Checkpoint::open(directory);
  if (written.config().at(width_field) != width) fail(fmt::format("{} is not {}", width_field, width));
  std::size_t count = 0;
  for (const Shard& shard : layout.shards) {
    for (const TensorDeclaration& tensor : shard.tensors) {
      ++count;
      if (!written.has(tensor.name)) fail(fmt::format("tensor '{}' is missing", printable(tensor.name)));
      const TensorInfo& info = written.tensors().at(tensor.name);
      if (info.dtype == tensor.dtype && info.shape == tensor.shape) continue;
      fail(fmt::format("tensor '{}' is {} {}", printable(tensor.name), to_string(info.dtype), printable(info.shape)));
    }
  }
  if (count != written.tensors().size()) fail(fmt::format("{} tensors of {}", written.tensors().size(), count));
}

}  // namespace

PruneEstimate estimate_prune(const Checkpoint& checkpoint, const Family& family, const Plan& plan) {
  return estimate(checkpoint, family, plan, lay_out_pruned(checkpoint, family, plan));
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
  PruneReport report;
  report.sizes = estimate(checkpoint, family, plan, layout);
  check_apart(input, options.output);
  const std::vector<CompanionFile> companions = companion_files(input);
  std::uint64_t needed = report.sizes.bytes_after;
  for (const CompanionFile& file : companions) needed += file.bytes;
  OutputDirectory output(options.output, needed, options.force);
  report.output = output.target();

  const Digests inputs = digest_files(input, input_files(checkpoint), "hashing the input", progress);
  copy_companions(input, output.path(), companions);
  write_file_atomically(output.path() / kCardFile, model_card(original_card(input), report.sizes, plan, options));
  write_weights(checkpoint, layout, shifts, output.path(), progress);
  write_file_atomically(output.path() / kConfigFile,
                        config_with_width(input / kConfigFile, family.width_field(), plan.uniform_width()));
  verify(output.path(), layout, family.width_field(), plan.uniform_width());
  const Digests outputs = digest_files(output.path(), files_below(output.path()), "hashing the output", progress);
  report.wall_seconds = watch.seconds();
  report.peak_rss_bytes = peak_rss_bytes();
  const std::string model_name = resolve_path(input).filename().string();
  write_file_atomically(output.path() / kRecordFile,
                        record_text(make_record(options, report, plan, inputs, outputs, model_name)) + "\n");
  output.commit();
  return report;
}

}  // namespace prunenet
