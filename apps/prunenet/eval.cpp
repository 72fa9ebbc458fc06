#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "human.h"
#include "job.h"
#include "model.h"
#include "network.h"
#include "options.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/core/error.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/eval/eval_json.h"
#include "prunenet/eval/multiple_choice.h"
#include "prunenet/eval/perplexity.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

using nlohmann::json;

struct EvalArguments {
  std::string model;
  std::vector<std::string> texts;
  std::vector<std::string> tasks;
  PerplexityOptions perplexity;
  std::int64_t limit = 0;
  NetworkArguments network;
  std::string json_file;
};

/// Everything measured; `record` is what `--json` writes.
struct Measured {
  std::vector<Perplexity> perplexity;
  std::vector<MultipleChoice> tasks;
  json record;
};

VerbOptions make_options(EvalArguments& arguments) {
  VerbOptions options(
      {.verb = "eval",
       .synopsis = "--model DIR [--text F ...] [--tasks F.jsonl ...] [options]",
       .summary = "Measures perplexity on texts and accuracy on multiple-choice tasks, with speed and peak memory.\n"
                  "docs/formats.md says by which rules, and what a task file looks like.",
       .example = "prunenet eval --model smollm2 --text tests/data/texts/alice.txt --context 1024 --windows 8\n"
                  "prunenet eval --model smollm2 --tasks piqa.jsonl --json -",
       .details = ""});
  options.add()                                                                                                    //
      ("model", value_of(arguments.model, "DIR"), "model directory")                                               //
      ("text", value_of(arguments.texts, "F")->multitoken(), "text files to score the perplexity of")              //
      ("context", default_of(arguments.perplexity.context, "N"), "tokens a window, at most what the model takes")  //
      ("windows", default_of(arguments.perplexity.windows, "N"), "only the first so many windows; 0: all")         //
      ("tasks", value_of(arguments.tasks, "F.jsonl")->multitoken(), "multiple-choice files")                       //
      ("limit", default_of(arguments.limit, "N"), "only the first so many items of a task; 0: all")                //
      ("json", value_of(arguments.json_file, "F"), "write JSON to this file, or to standard output with -");
  add_network_options(options, arguments.network);
  return options;
}

void check_arguments(const EvalArguments& arguments, const VerbOptions& options) {
  options.require(arguments.model, "model");
  if (arguments.texts.empty() && arguments.tasks.empty()) {
    throw Error(ErrorKind::kInvalidArgument, "nothing to measure: give --text or --tasks" + options.see_help());
  }
  if (arguments.limit < 0) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("--limit {}: must be at least 0{}", arguments.limit, options.see_help()));
  }
}

Measured measure(const EvalArguments& arguments, const LoadOptions& load, Progress& progress) {
  const Model model = open_model(arguments.model);
  const auto tokenizer = load_tokenizer(arguments.model);
  const CausalLm network = CausalLm::load(model.checkpoint, *model.family, progress, load);
  Measured measured;
  json texts = json::array();
  for (const std::string& file : arguments.texts) {
    measured.perplexity.push_back(evaluate_perplexity(network, *tokenizer, file, arguments.perplexity, progress));
    texts.push_back(to_json(measured.perplexity.back()));
  }
  json tasks = json::array();
  for (const std::string& file : arguments.tasks) {
    measured.tasks.push_back(evaluate_multiple_choice(network, *tokenizer, file, arguments.limit, progress));
    tasks.push_back(to_json(measured.tasks.back()));
  }
  measured.record = {{"model", arguments.model},
                     {"parameters", model.checkpoint.parameters()},
                     {"bytes", weight_bytes(model.checkpoint)},
                     {"perplexity", std::move(texts)},
                     {"tasks", std::move(tasks)},
                     {"peak_rss_bytes", peak_rss_bytes()}};
  return measured;
}

std::string percent_with_error(double share, double error) {
  return fmt::format("{:.2f} +- {:.2f} %", 100.0 * share, 100.0 * error);
}

std::string render_perplexity(const std::vector<Perplexity>& results) {
  std::vector<std::vector<std::string>> rows = {{"text", "perplexity", "windows", "context", "tokens/s", "seconds"}};
  for (const Perplexity& result : results) {
    rows.push_back({result.file, fmt::format("{:.4f}", result.ppl), std::to_string(result.windows),
                    std::to_string(result.context), fmt::format("{:.0f}", result.tokens_per_second),
                    fmt::format("{:.1f}", result.seconds)});
  }
  return render_table(rows) +
         fmt::format(
             "perplexity: windows that do not overlap, tokens 2..n of each scored, no special tokens added, {}\n",
             results.front().dtype);
}

std::string render_tasks(const std::vector<MultipleChoice>& results) {
  std::vector<std::vector<std::string>> rows = {{"task", "items", "acc", "acc_norm", "seconds"}};
  for (const MultipleChoice& result : results) {
    rows.push_back({result.file, std::to_string(result.n), percent_with_error(result.acc, result.acc_stderr),
                    result.acc_norm ? percent_with_error(*result.acc_norm, result.acc_norm_stderr.value_or(0.0)) : "-",
                    fmt::format("{:.1f}", result.seconds)});
  }
  return render_table(rows) + "accuracy: zero-shot, rules of lm-evaluation-harness, +- one standard error\n";
}

}  // namespace

void run_eval(const Arguments& words) {
  EvalArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  check_arguments(arguments, options);
  check_json_destination(arguments.json_file, arguments.model);

  const LoadOptions load = load_options(arguments.network);
  Job job(options.common());
  const torch::NoGradGuard no_grad;
  const Measured measured = measure(arguments, load, job.progress());
  job.progress().finish();
  if (!arguments.json_file.empty()) write_json(arguments.json_file, measured.record);
  if (arguments.json_file == "-") return;
  const json& record = measured.record;
  print(fmt::format("{}: {} parameters, {}, peak memory {}\n", arguments.model,
                    human_count(record.at("parameters").get<double>()),
                    human_bytes(record.at("bytes").get<std::uint64_t>()),
                    human_bytes(record.at("peak_rss_bytes").get<std::uint64_t>())));
  if (!measured.perplexity.empty()) print(render_perplexity(measured.perplexity));
  if (!measured.tasks.empty()) print(render_tasks(measured.tasks));
}

}  // namespace prunenet::cli
