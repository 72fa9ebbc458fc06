#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "curve_output.h"
#include "human.h"
#include "job.h"
#include "network.h"
#include "options.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/error.h"
#include "prunenet/recover/recovery.h"
#include "prunenet/train/training_files.h"
#include "recipe_file.h"
#include "resumable.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

struct RecoverArguments {
  std::string teacher;
  std::string student;
  std::string out;
  std::string text;
  std::string adapter_out;
  std::optional<std::string> train, targets;
  std::optional<std::int64_t> rank, steps, tokens;
  std::optional<double> alpha, learning_rate, time_limit;
  std::vector<std::string> settings;
  CurveArguments curve;
  NetworkArguments network;
  std::string json_file;
  bool resume = false;
  bool force = false;
};

VerbOptions make_options(RecoverArguments& arguments) {
  VerbOptions options(
      {.verb = "recover",
       .synopsis = "--teacher DENSE --student PRUNED --out OUT [options]",
       .summary = "Teaches a pruned model what the dense model says on text that the dense model samples itself; no "
                  "other data\nis used, unless --text gives some. Trains weights in full, or LoRA adapters that are "
                  "merged into them. The\noutput is the student with other numbers. Interrupted, it goes on with "
                  "--resume.",
       .example = "prunenet recover --teacher smollm2 --student smollm2-30 --out smollm2-30-recovered\n"
                  "prunenet recover --teacher smollm2 --student smollm2-30.gguf --out smollm2-30-recovered.gguf\n"
                  "prunenet recover --teacher smollm2 --student smollm2-30 --train lora --rank 8 --alpha 16 "
                  "--adapter-out adapter --out DIR",
       .details = "The recipe, with its defaults:\n" + recipe_text(to_json(RecoverOptions{}))},
      VerbOptions::Recipe::kOwnSections);
  options.add()                                                                                             //
      ("teacher", value_of(arguments.teacher, "DENSE"), "the dense model: a directory or a GGUF file")      //
      ("student", value_of(arguments.student, "PRUNED"), "what 'apply' wrote: a directory or a GGUF file")  //
      ("out", value_of(arguments.out, "OUT"), "the model directory, or the GGUF file, to write")            //
      ("train", value_of(arguments.train, "HOW"), "lora or full, as recover.train of the recipe")           //
      ("targets", value_of(arguments.targets, "NAMES"),
       "what is trained, by commas: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj")  //
      ("rank", value_of(arguments.rank, "R"), "of LoRA, as recover.rank")                            //
      ("alpha", value_of(arguments.alpha, "A"), "of LoRA, as recover.alpha")                         //
      ("steps", value_of(arguments.steps, "N"), "optimizer steps, as recover.steps")                 //
      ("tokens", value_of(arguments.tokens, "N"), "tokens a step, as recover.tokens")                //
      ("learning-rate", value_of(arguments.learning_rate, "X"), "as recover.learning_rate")          //
      ("set", value_of(arguments.settings, "KEY=VALUE"),
       "one value of the recipe, as in --set recover.sampled_tokens=131072")                                //
      ("text", value_of(arguments.text, "F"), "outside text that is read beside what the teacher samples")  //
      ("time-limit", value_of(arguments.time_limit, "MINUTES"),
       "of training: the rate falls so that it ends in good order by then, or after the steps")  //
      ("adapter-out", value_of(arguments.adapter_out, "DIR"),
       "also write LoRA's factors here, in the format of Hugging Face PEFT")                          //
      ("resume", flag(arguments.resume), "go on from OUT.recover, where an interrupted run left it")  //
      ("force", flag(arguments.force),
       "replace an existing output, and start anew where an unfinished training is left")  //
      ("json", value_of(arguments.json_file, "F"), "write JSON to this file, or to standard output with -");
  add_curve_options(options, arguments.curve);
  add_device_option(options, arguments.network);
  return options;
}

std::vector<std::string> comma_separated(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

RecoverOptions make_recipe(const RecoverArguments& arguments, const CommonOptions& common) {
  nlohmann::json recipe = common.recipe.empty() ? nlohmann::json::object() : read_recipe_file(common.recipe);
  for (const std::string& setting : arguments.settings) apply_recipe_setting(setting, recipe);
  const auto put = [&recipe](const char* key, const auto& value) {
    if (!value) return;
    nlohmann::json& section = recipe["recover"];
    if (section.is_null() || section.is_object()) section[key] = *value;
  };
  put("train", arguments.train);
  if (arguments.targets) put("targets", std::optional(comma_separated(*arguments.targets)));
  put("rank", arguments.rank);
  put("alpha", arguments.alpha);
  put("steps", arguments.steps);
  put("tokens", arguments.tokens);
  put("learning_rate", arguments.learning_rate);
  put("seed", common.seed);
  const auto read = [&recipe] { return recover_options_from_json(recipe); };
  return common.recipe.empty() ? read() : located(common.recipe, read);
}

void check_arguments(const RecoverArguments& arguments, const RecoverOptions& recipe, const VerbOptions& options) {
  if (arguments.time_limit && !(*arguments.time_limit > 0.0)) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("--time-limit {}: must be above 0, in minutes{}",
                                                         *arguments.time_limit, options.see_help()));
  }
  if (is_gguf_path(arguments.student)) {
    check_new_file(arguments.out, arguments.force);
  } else {
    check_new_directory(arguments.out, arguments.force);
  }
  if (arguments.adapter_out.empty()) return;
  if (recipe.train != Adaptation::kLora) {
    throw Error(
        ErrorKind::kInvalidArgument,
        "--adapter-out is for --train lora: weights that are trained in full have no adapter" + options.see_help());
  }
  check_new_directory(arguments.adapter_out, false);
}

void print_summary(const RecoverArguments& arguments, const RecoverOptions& recipe, const RecoveryReport& report) {
  const RecoveryPoint& first = report.curve.front();
  const RecoveryPoint& last = report.curve.back();
  std::vector<std::pair<std::string, std::string>> facts = {
      {"written to", arguments.out},
      {"trained", fmt::format("{} parameters ({})", human_count(static_cast<double>(report.trained_parameters)),
                              to_string(recipe.train))},
      {"steps", fmt::format("{}, {} tokens; {} sequences of text", last.step, last.tokens, report.text_sequences)},
      {"KL from teacher",
       fmt::format("{:.4f} -> {:.4f}, held out", first.held_out_divergence, last.held_out_divergence)},
      {"seconds", fmt::format("text {}, training {} (of the processor: {}, {})", human_seconds(report.text_seconds),
                              human_seconds(last.seconds), human_seconds(report.text_processor_seconds),
                              human_seconds(last.processor_seconds))}};
  if (!arguments.adapter_out.empty()) facts.emplace_back("adapter", arguments.adapter_out);
  print(render_facts(facts));
}

}  // namespace

void run_recover(const Arguments& words) {
  RecoverArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.teacher, "teacher");
  options.require(arguments.student, "student");
  options.require(arguments.out, "out");
  const RecoverOptions recipe = make_recipe(arguments, options.common());
  check_arguments(arguments, recipe, options);
  const std::filesystem::path work = arguments.out + ".recover";
  check_unfinished_work(work, arguments.resume, arguments.force);
  check_json_destination(arguments.json_file, arguments.student);
  RecoveryFiles files{.teacher = arguments.teacher,
                      .student = arguments.student,
                      .text = arguments.text,
                      .output = arguments.out,
                      .force = arguments.force,
                      .adapter = arguments.adapter_out,
                      .work_directory = work,
                      .resume = arguments.resume,
                      .load = load_options(arguments.network),
                      .command_line = quote_command("recover", words)};
  files.load.when_too_large = "recovery trains models that fit into memory only";
  if (arguments.time_limit) files.time_limit_seconds = *arguments.time_limit * 60.0;

  Job job(options.common());
  files.log = curve_log(arguments.curve, job);
  const RecoveryReport report =
      say_how_to_resume(work, {ErrorKind::kInterrupted, ErrorKind::kOutOfSpace, ErrorKind::kIo, ErrorKind::kNumerical},
                        [&] { return recover_student(recipe, files, job.progress()); });
  remove_training_files(work);
  job.progress().finish();
  if (!arguments.json_file.empty()) write_json(arguments.json_file, report.record);
  if (arguments.json_file != "-") print_summary(arguments, recipe, report);
}

}  // namespace prunenet::cli
