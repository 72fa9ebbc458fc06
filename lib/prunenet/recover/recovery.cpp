#include "prunenet/recover/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "prunenet/core/available_memory.h"
#include "prunenet/core/base_name.h"
#include "prunenet/core/error.h"
#include "prunenet/core/sha256.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/eval/text_windows.h"
#include "prunenet/recover/peft_adapter.h"
#include "prunenet/recover/projection.h"
#include "prunenet/recover/recovery_output.h"
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
  const fs::path path = directory.model_file(ModelFile::kText, 0);
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
  student.outer.output_projection = student.outer.output_projection.to(scalar_type(options.precision));
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

  void run(const RecoverOptions& options, const CurveLog& log, Progress& progress) {
    const auto tokens = static_cast<std::uint64_t>(trainer_.tokens_per_step());
    progress.begin("recovering", "tokens", static_cast<std::uint64_t>(options.steps) * tokens);
    progress.advance(static_cast<std::uint64_t>(trainer_.completed_steps()) * tokens);
    while (!trainer_.done()) {
      step(log, progress);
      if (trainer_.completed_steps() % options.save_every == 0) save();
    }
    if (saved_ < trainer_.completed_steps()) save();  // what follows may find the disk full
  }

 private:
  /// Who is told of a step may stop the work, too: then the step is kept.
  void step(const CurveLog& log, Progress& progress) {
    const std::size_t points = trainer_.curve().size();
    try {
      trainer_.step(progress);
      if (trainer_.curve().size() > points) {
        progress.status(fmt::format("KL {:.4f}", trainer_.curve().back().held_out_divergence));
        log_points(log, trainer_.curve(), points);
      }
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

/// deci is LLaMA with a width for each layer, and no other architecture has that.
std::string uniform_architecture(const ModelConfig& config) {
  return config.layer_widths.empty() ? config.architecture : "LlamaForCausalLM";
}

}  // namespace

void check_pair(const ModelConfig& teacher, const ModelConfig& student) {
  if (uniform_architecture(teacher) != uniform_architecture(student)) {
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
  for (std::int64_t layer = 0; layer < student.num_hidden_layers; ++layer) {
    if (width_of(student, layer) <= width_of(teacher, layer)) continue;
    throw Error(ErrorKind::kMismatch,
                fmt::format("the student's feed-forward block of layer {}, of {} neurons, is wider than the teacher's, "
                            "of {}; are they exchanged?",
                            layer, width_of(student, layer), width_of(teacher, layer)));
  }
}

RecoveryReport recover_student(const RecoverOptions& options, const RecoveryFiles& files, Progress& progress,
                               const FamilyRegistry& families) {
  check(options);
  check_recovery_output(files);
  const TrainingModel student = open_hashed_model(files.student, families);
  const TrainingModel teacher = open_hashed_model(files.teacher, families);
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
  Steps(trainer, directory).run(options, files.log, progress);
  report.curve = trainer.curve();
  report.trained_parameters = loaded.weights->parameter_count();
  report.text_sequences = text.training.sequences();
  if (!files.adapter.empty()) {
    write_peft_adapter(*student.family, *loaded.weights, options, base_name(student.directory), files.adapter);
  }
  write_recovered(options, files, teacher, student, *loaded.weights, families, report, progress);
  return report;
}

}  // namespace prunenet
