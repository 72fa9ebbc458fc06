#include "prunenet/compare/run_cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <system_error>

#include "prunenet/baselines/pruned_network.h"
#include "prunenet/compare/measure_plan.h"
#include "prunenet/core/error.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/core/version.h"
#include "prunenet/eval/eval_json.h"
#include "prunenet/prune/prune.h"

namespace prunenet {

namespace {

using nlohmann::json;

/// A model to be measured, and how large it is.
struct Applied {
  CausalLm network;
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
  json seconds;  ///< null where nothing was written
};

bool is_uniform(const Plan& plan) {
  const auto width = plan.keep_indices.front().size();
  return std::all_of(plan.keep_indices.begin(), plan.keep_indices.end(),
                     [width](const auto& keep) { return keep.size() == width; });
}

/// Removes a directory at the end of a scope, whatever ends it.
class Scratch {
 public:
  explicit Scratch(std::filesystem::path directory) : directory_(std::move(directory)) {}
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

Applied apply_in_memory(const Selection& selection, const CellContext& context) {
  const ModelConfig& config = context.model.family.config();
  std::uint64_t kept = 0;
  for (const auto& keep : selection.plan.keep_indices) kept += keep.size();
  const std::uint64_t all = static_cast<std::uint64_t>(config.num_hidden_layers * config.intermediate_size);
  const auto per_neuron = static_cast<std::uint64_t>(parameters_per_neuron(context.model.family.ffn_block(0)));
  const auto dense_parameters = context.model_facts.at("parameters").get<std::uint64_t>();
  const auto dense_bytes = context.model_facts.at("bytes").get<std::uint64_t>();
  const std::uint64_t parameters = dense_parameters - (all - kept) * per_neuron;
  const double share = static_cast<double>(parameters) / static_cast<double>(dense_parameters);
  return {.network = pruned_network(context.model.network, selection),
          .parameters = parameters,
          .bytes = static_cast<std::uint64_t>(std::llround(share * static_cast<double>(dense_bytes))),
          .seconds = nullptr};
}

Applied apply_to_checkpoint(const Selection& selection, const CellContext& context, Progress& progress) {
  const Scratch scratch(context.scratch / "pruned");
  PruneOptions options;
  options.output = scratch.path();
  options.force = true;
  options.down_bias = selection.down_bias;
  const Stopwatch watch;
  const PruneReport report =
      prune_checkpoint(context.model.checkpoint, context.model.family, selection.plan, options, progress);
  const double seconds = watch.seconds();
  const Checkpoint checkpoint = Checkpoint::open(scratch.path());
  return {.network = CausalLm::load(checkpoint, *make_family(checkpoint, context.families), progress,
                                    {.device = context.model.network.device()}),
          .parameters = report.sizes.parameters_after,
          .bytes = report.sizes.bytes_after,
          .seconds = seconds};
}

/// Accuracy of a task as methods are compared by: acc_norm where there is one.
double accuracy(const json& task) {
  const json norm = task.value("acc_norm", json());
  return norm.is_null() ? task.at("acc").get<double>() : norm.get<double>();
}

double standard_error(const json& task) {
  const json norm = task.value("acc_norm_stderr", json());
  return norm.is_null() ? task.value("stderr", 0.0) : norm.get<double>();
}

/// Retention: this accuracy over the dense model's, and the same of what is above chance.
void add_retention(json& task, const json& dense_tasks) {
  for (const json& dense : dense_tasks) {
    if (dense.at("file") != task.at("file")) continue;
    const double chance = task.at("chance").get<double>();
    if (accuracy(dense) > 0.0) task["retention"] = accuracy(task) / accuracy(dense);
    const auto above = retention_above_chance(accuracy(task), accuracy(dense), chance, standard_error(dense));
    if (above) task["retention_above_chance"] = *above;
  }
}

void evaluate(const CausalLm& network, const CellSpec& cell, const CellContext& context, const json& dense_tasks,
              json& record, Progress& progress) {
  const torch::NoGradGuard no_grad;
  const EvaluationOptions& evaluation = context.recipe.evaluation;
  const Stopwatch watch;
  record["perplexity"] = json::array();
  for (const std::string& text : evaluation.texts) {
    record["perplexity"].push_back(
        to_json(evaluate_perplexity(network, context.tokenizer, text, evaluation.windows, progress)));
  }
  record["tasks"] = json::array();
  for (const std::string& task : evaluation.tasks) {
    if (!cell.with_tasks) continue;
    json result = to_json(evaluate_multiple_choice(network, context.tokenizer, task, evaluation.limit, progress));
    add_retention(result, dense_tasks);
    record["tasks"].push_back(std::move(result));
  }
  record["seconds"]["evaluation"] = watch.seconds();
}

/// Policies of the published form count episodes, and rewards of draws only.
json curve_of(const json& curve) {
  if (!curve.is_array() || curve.empty() || !curve.front().contains("episode")) return curve;
  json points = json::array();
  for (const json& point : curve) {
    points.push_back({{"step", point.at("episode")},
                      {"train_reward", point.value("mean_reward", json())},
                      {"seconds", point.value("seconds", json())}});
  }
  return points;
}

}  // namespace

json cell_identity(const CellSpec& cell, DataUse data, const CellContext& context) {
  json options = cell.method;
  options.erase("name");
  options.erase("label");
  json record = {
      {"format", Record::kFormat},
      {"format_version", Record::kFormatVersion},
      {"status", "done"},
      {"model", context.model_facts},
      {"method", {{"name", cell.method.at("name")}, {"label", cell.label}, {"options", options}, {"built_in", true}}},
      {"data", to_string(data)},
      {"ratio", cell.ratio},
      {"seed", cell.seed ? json(*cell.seed) : json()},
      {"key", cell.key},
      {"version", version()}};
  if (data == DataUse::kCalibration && !context.calibration_facts.is_null()) {
    record["calibration"] = context.calibration_facts;
  }
  const bool probes = data == DataUse::kSelfSampled || cell.method.contains("recipe");
  if (probes && !context.probe_facts.is_null()) record["probe"] = context.probe_facts;
  if (!context.command_line.empty()) record["command_line"] = context.command_line;
  return record;
}

Record run_dense_cell(const CellSpec& cell, const CellContext& context, Progress& progress) {
  json record = cell_identity(cell, DataUse::kNone, context);
  record["achieved_ratio"] = 0.0;
  record["parameters"] = context.model_facts.at("parameters");
  record["bytes"] = context.model_facts.at("bytes");
  evaluate(context.model.network, cell, context, json::array(), record, progress);
  return record_from_json(std::move(record), cell.file.string());
}

Record run_cell(const CellSpec& cell, MethodRun& method, const CellContext& context, const Record& dense,
                Progress& progress) {
  json record = cell_identity(cell, method.planner->data_use(), context);
  reset_peak_rss();
  const std::int64_t round_to = parse_rounding(context.recipe.round_to);
  const Stopwatch watch;
  const Selection selection = method.planner->select(cell.ratio, round_to, cell.seed.value_or(0), progress);
  const double waited = watch.seconds();
  const double seconds = selection.selection_seconds.value_or(waited - std::min(waited, selection.training_seconds));
  method.longest_selection = std::max(method.longest_selection, seconds);

  Applied applied = is_uniform(selection.plan) ? apply_to_checkpoint(selection, context, progress)
                                               : apply_in_memory(selection, context);
  record["peak_rss_bytes"] = peak_rss_bytes();
  record["achieved_ratio"] = selection.plan.achieved_ratio();
  record["parameters"] = applied.parameters;
  record["bytes"] = applied.bytes;
  record["seconds"] = {{"training", selection.training_seconds > 0.0 ? json(selection.training_seconds) : json()},
                       {"selection", method.longest_selection},
                       {"apply", applied.seconds}};
  PlanMeasurement measured = measure_plan(context.model.checkpoint, context.model.family, selection.plan,
                                          context.moments, context.recipe.evaluation.distortions, progress);
  record["layers"] = {{"keep_indices", selection.plan.keep_indices}, {"distortion", std::move(measured.distortion)}};
  record["spectrum"] = std::move(measured.spectrum);
  record["curve"] = curve_of(selection.curve);
  evaluate(applied.network, cell, context, dense.part("/tasks"), record, progress);
  return record_from_json(std::move(record), cell.file.string());
}

}  // namespace prunenet
