#include "prunenet/prune/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/printable.h"
#include "prunenet/prune/compare_tensors.h"
#include "prunenet/prune/down_replacements.h"
#include "prunenet/prune/findings.h"
#include "prunenet/prune/model_files.h"
#include "prunenet/prune/pruned_layout.h"
#include "prunenet/prune/slice.h"
#include "prunenet/prune/verify_gguf.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxRecordBytes = 1ULL << 30U;

/// One pruned directory and what it was made from.
class DirectoryVerification {
 public:
  DirectoryVerification(fs::path output, const fs::path& input, const VerifyOptions& options, Progress& progress)
      : output_(std::move(output)),
        input_(Checkpoint::open(input)),
        family_(make_family(input_, options.families)),
        options_(options),
        progress_(progress),
        findings_(options.most_failures) {}

  VerifyReport run() {
    findings_.begin("record");
    if (!read_record()) return findings_.take();
    compare_policy(record_, options_.policy, findings_);
    compare_inputs();
    compare_outputs();
    findings_.begin("plan and sizes");
    if (!lay_out()) return findings_.take();
    compare_expected_files();
    compare_weights();
    compare_config();
    findings_.begin("loads as a model");
    load();
    return findings_.take();
  }

 private:
  bool read_record() {
    try {
      record_ = parse_record(read_text_file(output_ / kRecordFile, kMaxRecordBytes), kRecordFile);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kUnsupported) throw;
      findings_.fails(kRecordFile, error);
      return false;
    }
    if (record_.run) {
      findings_.holds();
    } else {
      findings_.fails(kRecordFile, "", "says nothing of the run that wrote it");
    }
    return true;
  }

  /// The files that something was taken from are those that are here now.
  void compare_inputs() {
    findings_.begin("hashes of input files");
    compare_digests(input_.directory(), record_.inputs, "hashing the input", findings_, progress_);
    for (const std::string& name : weight_files(input_)) expect_recorded(name, record_.inputs);
    expect_recorded(kConfigFile, record_.inputs);
    for (const CompanionFile& file : companion_files(input_.directory())) {
      if (record_.inputs.contains(file.name.string())) continue;
      findings_.warn(fmt::format("{}: was not in the input when it was pruned", printable(file.name.string())));
    }
  }

  void compare_outputs() {
    findings_.begin("hashes of output files");
    compare_digests(output_, record_.outputs, "hashing the output", findings_, progress_);
    for (const std::string& name : files_below(output_)) {
      if (name == kRecordFile || record_.outputs.contains(name)) continue;
      findings_.warn(fmt::format("{}: is not recorded: prunenet did not write it", printable(name)));
    }
  }

  void expect_recorded(const std::string& name, const Digests& recorded) {
    if (!recorded.contains(name)) findings_.fails(kRecordFile, "", fmt::format("has no SHA-256 of {}", name));
  }

  /// The plan belongs to the input, and the record's sizes are what it gives.
  bool lay_out() {
    try {
      layout_ = lay_out_pruned(input_, *family_, record_.plan);
    } catch (const Error& error) {
      findings_.fails(kRecordFile, error);
      return false;
    }
    compare_sizes(kRecordFile, record_, estimate_layout(input_, *family_, record_.plan, layout_), findings_);
    for (const auto& keep : record_.plan.keep_indices) findings_.holds(keep.empty() ? 0 : 1);
    return true;
  }

  /// All that there should be is recorded, and what goes along is a copy.
  void compare_expected_files() {
    findings_.begin("copied files");
    const std::set<std::string> anew{kConfigFile, kCardFile, kIndexFile};
    std::set<std::string> shards(input_.shards().begin(), input_.shards().end());
    for (const auto& [name, digest] : record_.inputs) {
      if (anew.contains(name) || shards.contains(name)) continue;
      const auto copy = record_.outputs.find(name);
      if (copy == record_.outputs.end()) {
        findings_.fails(name, "", "was not copied from the input");
      } else if (copy->second != digest) {
        findings_.fails(
            name, "",
            fmt::format("is no copy of the input's: {} is recorded of it, {} of the input's", copy->second, digest));
      } else {
        findings_.holds();
      }
    }
    for (const Shard& shard : layout_.shards) expect_recorded(shard.file, record_.outputs);
    expect_recorded(kConfigFile, record_.outputs);
    expect_recorded(kCardFile, record_.outputs);
    compare_index();
  }

  void compare_index() {
    const std::string expected = index_text(layout_.shards);
    if (expected.empty()) return;
    findings_.begin("index of shards");
    expect_recorded(kIndexFile, record_.outputs);
    compare_json(kIndexFile, expected);
  }

  void compare_config() {
    findings_.begin("config.json");
    compare_json(kConfigFile, config_with_width(input_.directory() / kConfigFile, family_->width_field(),
                                                record_.plan.uniform_width()));
  }

  void compare_json(const std::string& name, const std::string& expected) {
    try {
      const nlohmann::json found = parse_json_object(read_text_file(output_ / name), name);
      findings_.expect_none(name, json_differences(nlohmann::json::parse(expected), found));
    } catch (const Error& error) {
      findings_.fails(name, error);
    }
  }

  void compare_weights() {
    std::uint64_t total = 0;
    for (const Shard& shard : layout_.shards) {
      for (const TensorDeclaration& tensor : shard.tensors) total += bytes_of(tensor);
    }
    progress_.begin("comparing", "bytes", total);
    std::vector<std::pair<const Shard*, SafetensorsFile>> files;
    findings_.begin("headers of weight files");
    for (const Shard& shard : layout_.shards) {
      auto file = open_expected_shard(output_ / shard.file, shard, findings_);
      if (file) files.emplace_back(&shard, std::move(*file));
    }
    if (record_.down_bias_changed) find_changed_biases();
    if (record_.healing) find_healed();
    const auto each = [&](const char* check, auto wanted) {
      findings_.begin(check);
      for (const auto& [shard, file] : files) {
        for (const TensorDeclaration& tensor : shard->tensors) {
          if (wanted(tensor.name)) compare_tensor(tensor, *shard, file);
        }
      }
    };
    each("tensors that were not cut",
         [this](const std::string& name) { return !layout_.cuts.contains(name) && !is_new(name); });
    each("tensors that were cut",
         [this](const std::string& name) { return layout_.cuts.contains(name) && !is_new(name); });
    const auto only_finite = [&](const char* check, const std::set<std::string>& names, const char* what) {
      if (names.empty()) return;
      each(check, [&names](const std::string& name) { return names.contains(name); });
      findings_.warn(fmt::format("{} {} on purpose; their values are not recorded, and could not be compared",
                                 names.size(), what));
    };
    only_finite("changed biases are finite", changed_, "biases of down projections were changed");
    only_finite("healed tensors are finite", healed_, "tensors of down projections were healed");
  }

  /// Its values are none of the input's.
  [[nodiscard]] bool is_new(const std::string& name) const { return changed_.contains(name) || healed_.contains(name); }

  void find_healed() {
    healed_ = tensor_names(stored_downs(input_, *family_));
    require_layers_healed(record_, kRecordFile, findings_);
  }

  void find_changed_biases() {
    for (std::int64_t layer = 0; layer < family_->config().num_hidden_layers; ++layer) {
      const std::string bias = family_->ffn_block(layer).down.bias;
      if (!bias.empty()) changed_.insert(bias);
    }
    if (changed_.empty()) {
      findings_.fails(kRecordFile, "", "says that biases were changed, but this model has none");
    }
  }

  void compare_tensor(const TensorDeclaration& tensor, const Shard& shard, const SafetensorsFile& file) {
    const auto info = file.tensors().find(tensor.name);
    // What is missing or of another shape is a failure of the header.
    if (info == file.tensors().end() || info->second.dtype != tensor.dtype || info->second.shape != tensor.shape)
      return;
    const auto cut = layout_.cuts.find(tensor.name);
    std::optional<std::string> difference;
    if (is_new(tensor.name)) {
      const HostTensor found = file.read(tensor.name);
      difference = not_finite(to_floats(found.data, found.info.dtype));
    } else if (cut == layout_.cuts.end()) {
      difference = tensor_difference(input_.read(tensor.name), file.read(tensor.name), nullptr);
    } else {
      difference = tensor_difference(slice(input_.read(tensor.name), cut->second.axis, cut->second.keep),
                                     file.read(tensor.name), &cut->second);
    }
    if (difference) {
      findings_.fails(shard.file, tensor.name, *difference);
    } else {
      findings_.holds();
    }
    progress_.advance(bytes_of(tensor));
  }

  void load() {
    try {
      const Checkpoint checkpoint = Checkpoint::open(output_);
      static_cast<void>(make_family(checkpoint, options_.families));
      findings_.holds();
    } catch (const Error& error) {
      findings_.fails(output_.filename().string(), error);
    }
  }

  fs::path output_;
  Checkpoint input_;
  std::unique_ptr<Family> family_;
  const VerifyOptions& options_;
  Progress& progress_;
  Findings findings_;
  PruneRecord record_;
  PrunedLayout layout_;
  std::set<std::string> changed_;  ///< biases that make up for what was removed
  std::set<std::string> healed_;   ///< weights and biases of down projections that were refitted
};

}  // namespace

VerifyReport verify_pruned(const fs::path& output, const fs::path& input, const VerifyOptions& options,
                           Progress& progress) {
  std::error_code ignored;
  if (!fs::exists(output, ignored)) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: there is no such model", output.string()));
  }
  if (is_gguf_path(output) != is_gguf_path(input)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} and {}: one is a GGUF file, the other a directory; what apply wrote is of its input's "
                            "kind, and nothing else can be verified",
                            output.string(), input.string()));
  }
  if (is_gguf_path(output)) return verify_gguf(output, input, options, progress);
  if (!fs::exists(output / kRecordFile, ignored)) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("{}: has no {}, in which apply writes what it did; without it nothing can be verified",
                            output.string(), kRecordFile));
  }
  return DirectoryVerification(output, input, options, progress).run();
}

}  // namespace prunenet
