#include "prunenet/recover/recovery_record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <utility>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/base_name.h"
#include "prunenet/core/file.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/sha256.h"
#include "prunenet/core/version.h"
#include "prunenet/prune/gguf_pruned_layout.h"
#include "prunenet/prune/model_files.h"

namespace prunenet {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// What the student says of how it was pruned; null where it says nothing.
json pruning_record(const fs::path& student) {
  constexpr std::uint64_t kMaxRecordBytes = 256ULL << 20U;
  if (is_gguf_path(student)) {
    const GgufFile file = GgufFile::open(student);
    return file.has(kGgufRecordKey) ? parse_json_object(file.text(kGgufRecordKey), kGgufRecordKey) : json();
  }
  std::error_code ignored;
  if (!fs::is_regular_file(student / kRecordFile, ignored)) return {};
  return parse_json_object(read_text_file(student / kRecordFile, kMaxRecordBytes), (student / kRecordFile).string());
}

}  // namespace

json recovery_record(const RecoverOptions& options, const RecoveryFiles& files, const TrainingModel& teacher,
                     const TrainingModel& student, const RecoveryReport& report) {
  json record = to_json(options);
  record["format"] = "prunenet-recovery";
  record["format_version"] = 1;
  record["prunenet_version"] = version();
  record["teacher"] = describe(teacher);
  record["student"] = describe(student);
  record["text"] = nullptr;
  if (!files.text.empty()) {
    record["text"] = {{"file", files.text.filename().string()}, {"sha256", sha256_file(files.text)}};
  }
  record["pruning"] = pruning_record(files.student);
  record["trained_parameters"] = report.trained_parameters;
  record["curve"] = to_json(report.curve);
  record["run"] = {{"command_line", files.command_line},
                   {"text_seconds", report.text_seconds},
                   {"text_processor_seconds", report.text_processor_seconds},
                   {"peak_rss_bytes", peak_rss_bytes()}};
  return record;
}

json without_times(json record) {
  record.erase("run");
  for (json& point : record.at("curve")) {
    point.erase("seconds");
    point.erase("processor_seconds");
  }
  return record;
}

std::string recovery_record_text(const json& record) {
  constexpr auto kReplace = json::error_handler_t::replace;
  return record.dump(-1, ' ', false, kReplace);
}

std::string recovery_card(const std::string& original, const RecoverOptions& options, const RecoveryReport& report,
                          const TrainingModel& teacher) {
  std::string card = original;
  if (!card.empty()) card += card.back() == '\n' ? "\n" : "\n\n";
  const RecoveryPoint& first = report.curve.front();
  const RecoveryPoint& last = report.curve.back();
  return card +
         fmt::format(
             "## Recovered by prunenet\n\n"
             "prunenet {} taught this model what the dense model, {}, says on {}: {} steps, {} tokens,\n"
             "{} of {}. KL divergence from the dense model, on held-out text that it sampled: {:.4f} before,\n"
             "{:.4f} after. `{}` holds options, learning curve and the SHA-256 of all inputs and outputs.\n",
             version(), base_name(teacher.directory),
             report.record.at("text").is_null() ? "text that it sampled itself"
                                                : "outside text and on text that it sampled itself",
             last.step, last.tokens,
             options.train == Adaptation::kLora ? fmt::format("merged LoRA of rank {}", options.rank) : "all weights",
             fmt::join(options.targets, ", "), first.held_out_divergence, last.held_out_divergence, kRecoveryFile);
}

}  // namespace prunenet
