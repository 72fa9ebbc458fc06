#include "prunenet/prune/verify_gguf.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/core/error.h"
#include "prunenet/core/input_file.h"
#include "prunenet/core/printable.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/compare_tensors.h"
#include "prunenet/prune/down_replacements.h"
#include "prunenet/prune/findings.h"
#include "prunenet/prune/gguf_pruned_layout.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

/// One pruned file and what it was made from.
class GgufVerification {
 public:
  GgufVerification(const fs::path& output, const fs::path& input, const VerifyOptions& options, Progress& progress)
      : path_(output),
        name_(output.filename().string()),
        input_(GgufFile::open(input)),
        family_(make_family(open_gguf_checkpoint(input))),
        options_(options),
        progress_(progress),
        findings_(options.most_failures) {}

  VerifyReport run() {
    findings_.begin("file");
    if (!open()) return findings_.take();
    findings_.begin("record");
    if (!read_record()) return findings_.take();
    compare_policy(record_, options_.policy, findings_);
    compare_input();
    findings_.begin("plan and sizes");
    if (!lay_out()) return findings_.take();
    compare_metadata();
    compare_headers();
    if (record_.healing) find_healed();
    compare_tensors("tensors that were not cut", false);
    compare_tensors("tensors that were cut", true);
    if (!healed_.empty()) look_at_healed();
    compare_bytes_of_header();
    return findings_.take();
  }

 private:
  bool open() {
    try {
      output_ = std::make_unique<GgufFile>(GgufFile::open(path_));
    } catch (const Error& error) {
      findings_.fails(name_, error);
      return false;
    }
    findings_.holds();
    if (output_->has(kGgufRecordKey)) return true;
    throw Error(ErrorKind::kBadInput,
                fmt::format("{}: its metadata have no {}, in which apply writes what it did; without it nothing can be "
                            "verified",
                            path_.string(), kGgufRecordKey));
  }

  bool read_record() {
    try {
      record_ = parse_record(output_->text(kGgufRecordKey), kGgufRecordKey);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kUnsupported) throw;
      findings_.fails(name_, error);
      return false;
    }
    findings_.holds();
    return true;
  }

  /// The input may have another name by now.
  void compare_input() {
    findings_.begin("hash of the input file");
    if (record_.inputs.size() != 1 || !record_.outputs.empty()) {
      findings_.fails(name_, "",
                      fmt::format("the record has {} hashes of inputs and {} of outputs, but should have "
                                  "one and none",
                                  record_.inputs.size(), record_.outputs.size()));
      return;
    }
    const fs::path parent = input_.path().has_parent_path() ? input_.path().parent_path() : ".";
    compare_digests(parent, {{input_.path().filename().string(), record_.inputs.begin()->second}}, "hashing the input",
                    findings_, progress_);
  }

  bool lay_out() {
    try {
      layout_ = lay_out_pruned_gguf(input_, *family_, record_.plan);
      metadata_ = pruned_metadata(input_, *family_, record_.plan);
    } catch (const Error& error) {
      findings_.fails(name_, error);
      return false;
    }
    compare_sizes(name_, record_, estimate_gguf_layout(input_, *family_, record_.plan, layout_), findings_);
    metadata_.set(kGgufVersionKey, std::string_view(record_.prunenet_version));
    metadata_.set_raw(kGgufRecordKey, output_->raw_value(kGgufRecordKey));
    findings_.holds(record_.plan.keep_indices.size());
    return true;
  }

  void compare_metadata() {
    findings_.begin("metadata");
    std::set<std::string> expected;
    for (const auto& [key, value] : metadata_.pairs()) {
      expected.insert(key);
      if (!output_->has(key)) {
        findings_.fails(name_, "", fmt::format("metadata key '{}' is missing", printable(key)));
      } else if (const auto difference = byte_difference(value, output_->raw_value(key))) {
        findings_.fails(name_, "", fmt::format("metadata key '{}': type and value: {}", printable(key), *difference));
      } else {
        findings_.holds();
      }
    }
    for (const std::string& key : output_->keys()) {
      if (!expected.contains(key)) {
        findings_.fails(name_, "", fmt::format("metadata key '{}' does not belong here", printable(key)));
      }
    }
  }

  [[nodiscard]] bool has_as_declared(const GgufDeclaration& tensor) const {
    if (!output_->tensors().contains(tensor.name)) return false;
    const GgufTensorInfo& found = output_->tensor(tensor.name);
    return found.type == tensor.type && found.shape == tensor.shape;
  }

  void compare_headers() {
    findings_.begin("types and shapes of tensors");
    std::set<std::string> expected;
    for (const GgufDeclaration& tensor : layout_.tensors) {
      expected.insert(tensor.name);
      if (has_as_declared(tensor)) {
        findings_.holds();
      } else if (!output_->tensors().contains(tensor.name)) {
        findings_.fails(name_, tensor.name, "is missing");
      } else {
        const GgufTensorInfo& found = output_->tensor(tensor.name);
        findings_.fails(name_, tensor.name,
                        fmt::format("is {} {}, but should be {} {}", gguf_block(found.type).name,
                                    printable(found.shape), gguf_block(tensor.type).name, printable(tensor.shape)));
      }
    }
    for (const std::string& name : output_->names()) {
      if (!expected.contains(name)) {
        findings_.fails(name_, name, "does not belong here: the input has no such tensor");
      }
    }
  }

  void compare_tensors(const char* check, bool cut) {
    findings_.begin(check);
    const auto wanted = [&](const GgufDeclaration& tensor) {
      return layout_.cuts.contains(tensor.name) == cut && !healed_.contains(tensor.name);
    };
    std::uint64_t total = 0;
    for (const GgufDeclaration& tensor : layout_.tensors) {
      if (wanted(tensor)) total += gguf_bytes(tensor.type, tensor.shape);
    }
    progress_.begin(cut ? "comparing what was cut" : "comparing", "bytes", total);
    const Replacements none("");
    for (const GgufDeclaration& tensor : layout_.tensors) {
      if (!wanted(tensor) || !has_as_declared(tensor)) continue;
      const std::vector<std::byte> found = output_->read_blocks(tensor.name);
      if (const auto difference = byte_difference(pruned_blocks(input_, tensor, layout_, none), found)) {
        findings_.fails(name_, tensor.name, *difference);
      } else {
        findings_.holds();
      }
      progress_.advance(found.size());
    }
  }

  void find_healed() {
    healed_ = tensor_names(stored_downs(input_, *family_, record_.plan));
    require_layers_healed(record_, name_, findings_);
  }

  void look_at_healed() {
    findings_.begin("healed tensors are finite");
    for (const GgufDeclaration& tensor : layout_.tensors) {
      if (!healed_.contains(tensor.name) || !has_as_declared(tensor)) continue;
      if (const auto difference = not_finite(output_->read(tensor.name))) {
        findings_.fails(name_, tensor.name, *difference);
      } else {
        findings_.holds();
      }
    }
    findings_.warn(
        fmt::format("{} tensors of down projections were healed on purpose; their values are not recorded, "
                    "and could not be compared",
                    healed_.size()));
  }

  /// Order, offsets and padding: all that the checks above do not see.
  void compare_bytes_of_header() {
    findings_.begin("order and places in the file");
    const GgufLayout layout(metadata_, layout_.tensors);
    const InputFile file(path_);
    std::optional<std::string> difference;
    if (file.size() != layout.file_bytes()) {
      difference = fmt::format("{} bytes, but should be {}", file.size(), layout.file_bytes());
    } else {
      difference = byte_difference(layout.header(), file.read(0, layout.header().size()));
      if (difference) difference = "header: " + *difference;
      if (!difference) difference = padding_difference(file);
    }
    if (difference) {
      findings_.fails(name_, "", *difference);
    } else {
      findings_.holds();
    }
  }

  [[nodiscard]] std::optional<std::string> padding_difference(const InputFile& file) const {
    for (const GgufDeclaration& tensor : layout_.tensors) {
      const GgufTensorInfo& info = output_->tensor(tensor.name);
      const std::uint64_t end = info.offset + info.bytes;
      const std::uint64_t padding = (kGgufDefaultAlignment - end % kGgufDefaultAlignment) % kGgufDefaultAlignment;
      const std::vector<std::byte> zeros(padding);
      if (const auto difference = byte_difference(zeros, file.read(end, padding))) {
        return fmt::format("padding behind tensor '{}': {}", printable(tensor.name), *difference);
      }
    }
    return std::nullopt;
  }

  fs::path path_;
  std::string name_;
  GgufFile input_;
  std::unique_ptr<Family> family_;
  const VerifyOptions& options_;
  Progress& progress_;
  Findings findings_;
  std::unique_ptr<GgufFile> output_;
  PruneRecord record_;
  GgufPrunedLayout layout_;
  GgufPairs metadata_;
  std::set<std::string> healed_;  ///< weights and biases of down projections that were refitted
};

}  // namespace

VerifyReport verify_gguf(const fs::path& output, const fs::path& input, const VerifyOptions& options,
                         Progress& progress) {
  return GgufVerification(output, input, options, progress).run();
}

}  // namespace prunenet
