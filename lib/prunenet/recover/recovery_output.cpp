#include "prunenet/recover/recovery_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/checkpoint/gguf_copy.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/gguf_writer.h"
#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/checkpoint/quantize.h"
#include "prunenet/core/error.h"
#include "prunenet/core/output_file.h"
#include "prunenet/core/sha256.h"
#include "prunenet/core/version.h"
#include "prunenet/family/gguf_export.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/family/gguf_tensors.h"
#include "prunenet/prune/gguf_pruned_layout.h"
#include "prunenet/prune/model_files.h"
#include "prunenet/prune/record.h"
#include "prunenet/recover/merged_checkpoint.h"
#include "prunenet/recover/recovery_record.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

void write_directory(const RecoverOptions& options, const RecoveryFiles& files, const TrainingModel& teacher,
                     const TrainingModel& student, const Checkpoint& merged, const FamilyRegistry& families,
                     RecoveryReport& report, Progress& progress) {
  const fs::path& input = student.directory;
  const std::vector<CompanionFile> companions = companion_files(input);
  std::uint64_t needed = 0;
  for (const std::string& shard : student.checkpoint.shards()) needed += student.checkpoint.file_of(shard).file_bytes();
  for (const CompanionFile& file : companions) needed += file.bytes;
  OutputDirectory output(files.output, needed, files.force);
  copy_companions(input, output.path(), companions);
  copy_file_durably(input / kConfigFile, output.path() / kConfigFile);
  write_shards(
      output.path(), shards_of(student.checkpoint),
      [&merged](const std::string& name) { return merged.read(name).data; }, progress);
  (void)make_family(Checkpoint::open(output.path()), families);  // what was written is a model of this family
  write_file_atomically(output.path() / kCardFile, recovery_card(original_card(input), options, report, teacher));
  report.record["inputs"] =
      digest_files(input, input_files(student.checkpoint), "hashing files of the input", progress);
  report.record["outputs"] =
      digest_files(output.path(), files_below(output.path()), "hashing those of the output", progress);
  write_file_atomically(output.path() / kRecoveryFile, recovery_record_text(report.record) + "\n");
  output.commit();
}

/// The GGUF tensors that hold trained projections, by name.
std::map<std::string, GgufTensor> trained_gguf_tensors(const GgufFile& file, const Family& family,
                                                       const std::set<std::string>& trained) {
  std::map<std::string, GgufTensor> tensors;
  for (GgufTensor& tensor : gguf_tensors(family, gguf_architecture(file.text(kGgufArchitectureKey)))) {
    const bool holds_one =
        std::ranges::any_of(tensor.parts, [&trained](const GgufRows& part) { return trained.contains(part.tensor); });
    if (holds_one && !tensor.is_vector()) tensors.emplace(tensor.name, std::move(tensor));
  }
  return tensors;
}

GgufPairs recovered_metadata(const GgufFile& file, const nlohmann::json& record) {
  GgufPairs pairs =
      copy_metadata(file, [](const std::string& key) { return key == kGgufRecordKey ? std::string() : key; });
  pairs.set(kGgufVersionKey, version());
  pairs.set(kGgufRecoveryKey, std::string_view(recovery_record_text(without_times(record))));
  return pairs;
}

void write_gguf(const RecoveryFiles& files, const TrainingModel& student, const Checkpoint& merged,
                const std::set<std::string>& trained, RecoveryReport& report, Progress& progress) {
  const GgufFile file = GgufFile::open(files.student);
  const auto tensors = trained_gguf_tensors(file, *student.family, trained);
  const std::string input = files.student.filename().string();
  report.record["inputs"] = {{input, sha256_file(files.student, progress)}};
  std::vector<GgufDeclaration> declarations;
  std::uint64_t bytes = 0;
  for (const std::string& name : file.names()) {
    const GgufTensorInfo& info = file.tensor(name);
    const GgufType type = tensors.contains(name) ? requantised_type(info.type, info.shape.back()) : info.type;
    declarations.push_back({name, type, info.shape});
    bytes += gguf_bytes(type, info.shape);
  }
  GgufWriter writer(resolve_path(files.output), GgufLayout(recovered_metadata(file, report.record), declarations));
  progress.begin("writing", "bytes", bytes);
  for (const GgufDeclaration& declaration : declarations) {
    const auto found = tensors.find(declaration.name);
    const std::vector<std::byte> blocks = located(fmt::format("tensor '{}'", declaration.name), [&] {
      return found == tensors.end() ? file.read_blocks(declaration.name)
                                    : quantize(declaration.type, gguf_values(merged, found->second));
    });
    writer.write(declaration.name, blocks);
    progress.advance(blocks.size());
  }
  writer.finish([](const fs::path& written) { (void)make_family(open_gguf_checkpoint(written)); });
}

}  // namespace

void check_recovery_output(const RecoveryFiles& files) {
  const bool gguf = is_gguf_path(files.student);
  if (gguf != is_gguf_path(files.output)) {
    const std::string reason =
        gguf ? fmt::format("the student, {}, is a GGUF file, so the output must be one, too (its name ends in .gguf)",
                           files.student.string())
             : fmt::format(
                   "the name of a GGUF file, but the student, {}, is a model directory, and so is the output; "
                   "'prunenet export' makes a GGUF file of it",
                   files.student.string());
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{}: {}", files.output.string(), reason));
  }
  if (gguf && !files.adapter.empty()) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("{}: adapters are of model directories, and the student, {}, is a GGUF file; leave them "
                            "out, or import the student first",
                            files.adapter.string(), files.student.string()));
  }
  for (const fs::path& input : {files.student, files.teacher}) {
    if (gguf) {
      check_output_file(input, files.output, files.force);
    } else {
      check_apart(input, files.output);
    }
  }
}

void write_recovered(const RecoverOptions& options, const RecoveryFiles& files, const TrainingModel& teacher,
                     const TrainingModel& student, const StudentWeights& weights, const FamilyRegistry& families,
                     RecoveryReport& report, Progress& progress) {
  report.record = recovery_record(options, files, teacher, student, report);
  const Checkpoint merged = merged_checkpoint(student.checkpoint, *student.family, weights);
  if (is_gguf_path(files.student)) {
    write_gguf(files, student, merged, trained_tensors(*student.family, weights), report, progress);
  } else {
    write_directory(options, files, teacher, student, merged, families, report, progress);
  }
}

}  // namespace prunenet
