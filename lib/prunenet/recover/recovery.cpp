#include "prunenet/recover/recovery.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/available_memory.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/output_file.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/sha256.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/core/version.h"
#include "prunenet/eval/text_windows.h"
#include "prunenet/prune/model_files.h"
#include "prunenet/prune/record.h"
#include "prunenet/recover/merged_checkpoint.h"
#include "prunenet/recover/peft_adapter.h"
#include "prunenet/recover/projection.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "prunenet/train/training_files.h"
#include "prunenet/train/training_model.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

using nlohmann::json;

/// What decides the text; and, with the student, what is trained. Everything else may change when work is resumed.
json all_text_settings(const RecoverOptions& options, const TrainingModel& teacher, const fs::path& text) {
  json settings = text_settings(options, teacher.sha256);
  settings.update({{"text", text.empty() ? json() : json(sha256_file(text))}, {"text_tokens", options.text_tokens}});
  return settings;
}

json weight_settings(const RecoverOptions& options, const TrainingModel& student) {
  json settings = {{"student", student.sha256}, {"train", to_string(options.train)}, {"targets", options.targets}};
  if (options.train == Adaptation::kLora) settings.update({{"rank", options.rank}, {"alpha", options.alpha}});
  return settings;
}

torch::Tensor outside_windows(const TrainingModel& teacher, const fs::path& text, const RecoverOptions& options) {
  const auto tokenizer = load_tokenizer(teacher.directory);
  const WindowOptions windows{
      .context = options.sequence_length,
      .windows =
          options.text_tokens == 0 ? 0 : std::max<std::int64_t>(1, options.text_tokens / options.sequence_length)};
  return cut_windows(teacher.family->config(), *tokenizer, text, windows).ids;
}

TaughtText make_text(const TrainingModel& teacher, const RecoverOptions& options, const RecoveryFiles& files,
                     Progress& progress) {
  const torch::Tensor windows =
      files.text.empty() ? torch::Tensor() : outside_windows(teacher, files.text, options);  // refused before the rest
  const CausalLm network = CausalLm::load(teacher.checkpoint, *teacher.family, progress, files.load);
  TaughtText text = sample_taught_text(network, options, progress);
  if (windows.defined()) add_outside_text(network, windows, options, text.training, progress);
  return text;
}

/// The text from the work directory, or made and put there.
TaughtText text_for(const TrainingModel& teacher, const RecoverOptions& options, const RecoveryFiles& files,
                    const TrainingDirectory& directory, RecoveryReport& report, Progress& progress) {
  const fs::path path = directory.model_file("text", 0);
  const std::string key = digest(all_text_settings(options, teacher, files.text));
  if (auto text = load_taught_text(path, key)) return std::move(*text);
  const Stopwatch watch;
  const double processor_start = processor_seconds();
  TaughtText text = make_text(teacher, options, files, progress);
  save_taught_text(path, key, text);
  report.text_seconds = watch.seconds();
  report.text_processor_seconds = processor_seconds() - processor_start;
  return text;
}

/// A student with weights to train.
struct Student {
  DecoderWeights outer;
  std::shared_ptr<StudentWeights> weights;
};

/// The weights, and of those that are trained in full also their gradient and two moments.
void require_training_memory(const TrainingModel& model, const RecoverOptions& options, const LoadOptions& load) {
  if (!load.device.is_cpu()) return;
  const std::uint64_t parameters = model.checkpoint.parameters();
  std::uint64_t trained = 0;
  if (options.train == Adaptation::kFull) {
    for (std::int64_t layer = 0; layer < model.family->config().num_hidden_layers; ++layer) {
      for (const Projection projection : parse_projections(options.targets)) {
        trained += static_cast<std::uint64_t>(place_of(*model.family, layer, projection).weights());
      }
    }
  }
  require_memory((parameters + 3 * trained) * sizeof(float),
                 load.available_bytes ? *load.available_bytes : available_memory_bytes(),
                 fmt::format("{}: a student of {} parameters in float32, {} of them trained in full,",
                             model.directory.string(), parameters, trained),
                 trained > 0 ? "train fewer targets, or 'train: lora'" : "use a machine with more memory");
}

Student load_student(const TrainingModel& model, const RecoverOptions& options, const LoadOptions& load,
                     Progress& progress) {
  const auto layers = static_cast<std::uint64_t>(model.family->config().num_hidden_layers);
  progress.begin("loading", "layers", layers);
  Student student;
  student.outer = load_outer_weights(model.checkpoint, *model.family, load.device);
  std::vector<DecoderLayerWeights> weights;
  for (std::uint64_t layer = 0; layer < layers; ++layer) {
    weights.push_back(
        load_decoder_layer(model.checkpoint, *model.family, static_cast<std::int64_t>(layer), load.device));
    progress.advance(1);
  }
  student.weights = std::make_shared<StudentWeights>(std::move(weights), model.family->config(), options);
  return student;
}

/// Trains, and keeps states to resume from: now and then, and where it is interrupted. A loss that is not finite comes
/// of weights that are no good any more, so that the state from before is left as it is.
class Steps {
 public:
  Steps(RecoveryTrainer& trainer, const TrainingDirectory& directory)
      : trainer_(trainer), directory_(directory), saved_(trainer.completed_steps()) {}

  void run(const RecoverOptions& options, Progress& progress) {
    const auto tokens = static_cast<std::uint64_t>(trainer_.tokens_per_step());
    progress.begin("recovering", "tokens", static_cast<std::uint64_t>(options.steps) * tokens);
    progress.advance(static_cast<std::uint64_t>(trainer_.completed_steps()) * tokens);
    while (!trainer_.done()) {
      const std::size_t points = trainer_.curve().size();
      step(progress);
      if (trainer_.curve().size() > points) {
        progress.status(fmt::format("KL {:.4f}", trainer_.curve().back().held_out_divergence));
      }
      if (trainer_.completed_steps() % options.save_every == 0) save();
    }
    if (saved_ < trainer_.completed_steps()) save();  // what follows may find the disk full
  }

 private:
  void step(Progress& progress) {
    try {
      trainer_.step(progress);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInterrupted) save();
      throw Error(error.kind(), fmt::format("{}; the state after step {} is kept", error.what(), saved_));
    }
  }
  void save() {
    directory_.save_state(trainer_.state());
    saved_ = trainer_.completed_steps();
  }

  RecoveryTrainer& trainer_;
  const TrainingDirectory& directory_;
  std::int64_t saved_;
};

/// prunenet.json of the student, which says how it was pruned; null where it has none.
json pruning_record(const fs::path& student) {
  constexpr std::uint64_t kMaxRecordBytes = 256ULL << 20U;
  std::error_code ignored;
  if (!fs::is_regular_file(student / kRecordFile, ignored)) return {};
  return parse_json_object(read_text_file(student / kRecordFile, kMaxRecordBytes), (student / kRecordFile).string());
}

json record_of(const RecoverOptions& options, const RecoveryFiles& files, const TrainingModel& teacher,
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
  record["pruning"] = pruning_record(student.directory);
  record["trained_parameters"] = report.trained_parameters;
  record["curve"] = to_json(report.curve);
  record["run"] = {{"command_line", files.command_line},
                   {"text_seconds", report.text_seconds},
                   {"text_processor_seconds", report.text_processor_seconds},
                   {"peak_rss_bytes", peak_rss_bytes()}};
  return record;
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
             version(), model_name(teacher),
             report.record.at("text").is_null() ? "text that it sampled itself"
                                                : "outside text and on text that it sampled itself",
             last.step, last.tokens,
             options.train == Adaptation::kLora ? fmt::format("merged LoRA of rank {}", options.rank) : "all weights",
             fmt::join(options.targets, ", "), first.held_out_divergence, last.held_out_divergence, kRecoveryFile);
}

void write_output(const RecoverOptions& options, const RecoveryFiles& files, const TrainingModel& teacher,
                  const TrainingModel& student, const StudentWeights& weights, RecoveryReport& report,
                  Progress& progress) {
  const fs::path& input = student.directory;
  const std::vector<CompanionFile> companions = companion_files(input);
  std::uint64_t needed = 0;
  for (const std::string& shard : student.checkpoint.shards()) needed += student.checkpoint.file_of(shard).file_bytes();
  for (const CompanionFile& file : companions) needed += file.bytes;
  OutputDirectory output(files.output, needed, files.force);
  copy_companions(input, output.path(), companions);
  copy_file_durably(input / kConfigFile, output.path() / kConfigFile);
  write_merged(student.checkpoint, *student.family, weights, output.path(), progress);
  (void)make_family(Checkpoint::open(output.path()));  // what was written is a model of this family
  report.record = record_of(options, files, teacher, student, report);
  write_file_atomically(output.path() / kCardFile, recovery_card(original_card(input), options, report, teacher));
  report.record["inputs"] =
      digest_files(input, input_files(student.checkpoint), "hashing files of the input", progress);
  report.record["outputs"] =
      digest_files(output.path(), files_below(output.path()), "hashing those of the output", progress);
  constexpr auto kReplace = json::error_handler_t::replace;  // names and command lines may be in any encoding
  write_file_atomically(output.path() / kRecoveryFile, report.record.dump(-1, ' ', false, kReplace) + "\n");
  output.commit();
}

}  // namespace

void check_pair(const ModelConfig& teacher, const ModelConfig& student) {
  if (teacher.architecture != student.architecture) {
    throw Error(
        ErrorKind::kMismatch,
        fmt::format("teacher and student do not belong together: architecture is {} of the teacher and {} of the "
                    "student",
                    teacher.architecture, student.architecture));
  }
  const auto same = [](const char* what, std::int64_t of_teacher, std::int64_t of_student) {
    if (of_teacher == of_student) return;
    throw Error(ErrorKind::kMismatch,
                fmt::format("teacher and student do not belong together: {} is {} of the teacher and {} of the student",
                            what, of_teacher, of_student));
  };
  same("the vocabulary", teacher.vocab_size, student.vocab_size);
  same("the number of layers", teacher.num_hidden_layers, student.num_hidden_layers);
  same("the hidden size", teacher.hidden_size, student.hidden_size);
  same("the number of attention heads", teacher.num_attention_heads, student.num_attention_heads);
  same("the number of key-value heads", teacher.num_key_value_heads, student.num_key_value_heads);
  same("the size of a head", teacher.head_dim, student.head_dim);
  if (student.intermediate_size <= teacher.intermediate_size) return;
  throw Error(ErrorKind::kMismatch, fmt::format("the student's feed-forward blocks, of {} neurons, are wider than the "
                                                "teacher's, of {}; are they exchanged?",
                                                student.intermediate_size, teacher.intermediate_size));
}

RecoveryReport recover_student(const RecoverOptions& options, const RecoveryFiles& files, Progress& progress) {
  check(options);
  const TrainingModel student = open_training_model(files.student);
  if (!student.checkpoint.is_directory()) {
    throw Error(
        ErrorKind::kUnsupported,
        fmt::format("{}: is no model directory; a student is recovered before it is exported, so import it first",
                    files.student.string()));
  }
  check_apart(files.student, files.output);
  check_apart(files.teacher, files.output);
  const TrainingModel teacher = open_training_model(files.teacher);
  check_pair(teacher.family->config(), student.family->config());
  const std::string key = digest(
      {{"text", all_text_settings(options, teacher, files.text)}, {"weights", weight_settings(options, student)}});
  require_training_memory(student, options, files.load);
  const TrainingDirectory directory(files.work_directory, key, files.resume);

  RecoveryReport report;
  const TaughtText text = text_for(teacher, options, files, directory, report, progress);
  Student loaded = load_student(student, options, files.load, progress);
  RecoveryTrainer trainer(student.family->config(), std::move(loaded.outer), loaded.weights, text, options,
                          files.time_limit_seconds);
  if (const auto state = directory.load_state()) trainer.restore(*state);
  Steps(trainer, directory).run(options, progress);
  report.curve = trainer.curve();
  report.trained_parameters = loaded.weights->parameter_count();
  report.text_sequences = text.training.sequences();
  if (!files.adapter.empty()) {
    write_peft_adapter(*student.family, *loaded.weights, options, model_name(student), files.adapter);
  }
  write_output(options, files, teacher, student, *loaded.weights, report, progress);
  return report;
}

}  // namespace prunenet
