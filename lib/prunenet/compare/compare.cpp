#include "prunenet/compare/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "prunenet/compare/policy_planner.h"
#include "prunenet/compare/run_cell.h"
#include "prunenet/core/base_name.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/sha256.h"
#include "prunenet/core/system_error.h"
#include "prunenet/core/unfinished.h"
#include "prunenet/train/training_model.h"

namespace prunenet {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMeasurementSeed = 1'000'003;  // far from the seeds of methods: other text than theirs
constexpr const char* kPolicy = "policy";

/// One method and its cells.
struct Entry {
  MethodRun run;
  std::vector<CellSpec> cells;
};

json facts_of(const Checkpoint& checkpoint, const Family& family) {
  std::uint64_t bytes = 0;
  for (const std::string& shard : checkpoint.shards())
    bytes += std::filesystem::file_size(checkpoint.directory() / shard);
  return {{"name", base_name(checkpoint.directory())},
          {"parameters", checkpoint.parameters()},
          {"bytes", bytes},
          {"layers", family.config().num_hidden_layers},
          {"intermediate_size", family.config().intermediate_size},
          {"sha256", weights_sha256(checkpoint)}};
}

/// What all cells share, as far as it decides what they measure.
json fixed_facts(const ComparisonRecipe& recipe, const json& model_facts, const json& probe_facts) {
  json fixed = {{"model", model_facts.at("sha256")}, {"texts", json::array()}, {"tasks", json::array()}};
  for (const std::string& text : recipe.evaluation.texts) fixed["texts"].push_back(sha256_file(text));
  for (const std::string& task : recipe.evaluation.tasks) fixed["tasks"].push_back(sha256_file(task));
  if (!recipe.calibration.file.empty()) fixed["calibration"] = sha256_file(recipe.calibration.file);
  if (!probe_facts.is_null()) fixed["probe"] = probe_facts;
  return fixed;
}

/// As `make_planner`, with the policy among the known ones.
void check_name(const std::string& name, const PlannerRegistry& planners) {
  if (planners.find(name) != nullptr) return;
  throw Error(ErrorKind::kInvalidArgument, fmt::format("method '{}' is unknown; known are {}, {}", printable(name),
                                                       kPolicy, fmt::join(planners.names(), ", ")));
}

/// What nobody needs once all cells are recorded.
std::filesystem::path scratch_directory(const std::filesystem::path& output) {
  return output / "scratch";
}

/// The opened model and what cells share; the text that distortions are measured on is sampled when first asked for.
class Bench {
 public:
  Bench(const ComparisonRecipe& recipe, const ComparisonFiles& files, const PlannerRegistry& planners,
        const Registries& registries, Progress& progress)
      : recipe_(recipe),
        files_(files),
        planners_(planners),
        registries_(registries),
        progress_(progress),
        checkpoint_(Checkpoint::open(files.model)),
        family_(make_family(checkpoint_, registries.families)),
        tokenizer_(load_tokenizer(files.model)),
        network_(CausalLm::load(checkpoint_, *family_, progress, {.device = files.device})),
        model_facts_(facts_of(checkpoint_, *family_)) {
    if (!files.probe.empty()) read_probe(files.probe);
    if (!recipe.calibration.file.empty()) {
      calibration_ = calibration_windows(family_->config(), *tokenizer_, recipe.calibration.file,
                                         recipe.calibration.windows, recipe.calibration.context);
    }
  }

  [[nodiscard]] const json& model_facts() const { return model_facts_; }
  /// Null where no probe was given.
  [[nodiscard]] const json& probe_facts() const { return probe_facts_; }

  [[nodiscard]] std::unique_ptr<Planner> make(json method) const {
    const std::string label = file_name_of(method_label(method));
    method.erase("label");
    const PlannerModel model = planner_model();
    if (method.at("name") == kPolicy) {
      // The digest keeps a policy from being taken for that of another recipe under the same label.
      const std::string options = method.dump() + (probe_ ? probe_facts_.dump() : "");
      const std::string digest = sha256_hex(std::as_bytes(std::span(options))).substr(0, 12);
      return make_policy_planner(method, model,
                                 {.policies = files_.output / "policies" / (label + "-" + digest),
                                  .shared = scratch_directory(files_.output) / "models"},
                                 registries_);
    }
    check_name(method.at("name"), planners_);
    return make_planner(method, model, calibration_, planners_);
  }

  [[nodiscard]] CellContext context() {
    if (!moments_) {
      const torch::NoGradGuard no_grad;
      const ProbeText text = sample_probe_text(network_, recipe_.probe, kMeasurementSeed, progress_);
      moments_ = collect_responses(network_, text.training, recipe_.probe, progress_);
    }
    json calibration;
    if (calibration_.defined()) {
      calibration = {{"file", recipe_.calibration.file},
                     {"sha256", sha256_file(recipe_.calibration.file)},
                     {"tokens", calibration_.numel()}};
    }
    return {.recipe = recipe_,
            .model = planner_model(),
            .families = registries_.families,
            .tokenizer = *tokenizer_,
            .model_facts = model_facts_,
            .calibration_facts = std::move(calibration),
            .probe_facts = probe_facts_,
            .moments = *moments_,
            .scratch = scratch_directory(files_.output),
            .command_line = files_.command_line};
  }

 private:
  [[nodiscard]] PlannerModel planner_model() const {
    return {checkpoint_, *family_, network_, probe_ ? &*probe_ : nullptr};
  }

  void read_probe(const std::filesystem::path& path) {
    probe_ = ProbeFile::open(path);
    const ProbeSource& source = probe_->facts().source;
    ProbeSource wanted = source;
    wanted.model_sha256 = model_facts_.at("sha256");
    probe_->require(wanted, "give a probe of this model");
    probe_->require_sizes(family_->config().num_hidden_layers, family_->config().intermediate_size);
    probe_facts_ = {{"options", to_json(source.options)}, {"seed", source.seed}};
  }

  const ComparisonRecipe& recipe_;
  const ComparisonFiles& files_;
  const PlannerRegistry& planners_;
  const Registries& registries_;
  Progress& progress_;
  Checkpoint checkpoint_;
  std::unique_ptr<Family> family_;
  std::unique_ptr<Tokenizer> tokenizer_;
  CausalLm network_;
  json model_facts_;
  std::optional<ProbeFile> probe_;
  json probe_facts_;
  torch::Tensor calibration_;
  std::optional<std::vector<ResponseMoments>> moments_;
};

/// The cell's record, where it is there and counts. Throws Error(kMismatch) where it is of other settings.
std::optional<Record> recorded(const CellSpec& cell, bool retry_failed) {
  if (!std::filesystem::exists(cell.file)) return std::nullopt;
  Record record = read_record(cell.file);
  if (record.json.value("key", json()) != cell.key) {
    throw Error(ErrorKind::kMismatch,
                fmt::format("{} was measured with other settings, texts or another model; give another --out, or "
                            "remove it",
                            cell.file.string()));
  }
  if (retry_failed && record.failed()) return std::nullopt;
  return record;
}

std::vector<Entry> make_entries(const ComparisonRecipe& recipe, const ComparisonFiles& files, const Bench& bench,
                                const json& fixed) {
  std::vector<Entry> entries;
  for (const json& method : recipe.methods) {
    Entry entry;
    entry.run.planner = bench.make(method);
    entry.cells = cells_of(method, entry.run.planner->uses_seed(), recipe, fixed, files.output);
    entries.push_back(std::move(entry));
  }
  return entries;
}

void check_file_names(const std::vector<Entry>& entries) {
  std::set<std::filesystem::path> seen;
  for (const Entry& entry : entries) {
    for (const CellSpec& cell : entry.cells) {
      if (seen.insert(cell.file).second) continue;
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("two cells would be recorded in {}; give the methods labels that differ in more than "
                              "punctuation",
                              cell.file.string()));
    }
  }
}

/// Makes the directory where it is not there, and keeps other runs out of it.
Descriptor enter(const std::filesystem::path& directory) {
  std::error_code status;
  std::filesystem::create_directories(directory, status);
  if (status) throw_system_error(directory, "cannot be made", status.value());
  return lock_directory(directory);
}

Record failed_record(const CellSpec& cell, const Entry& entry, const CellContext& context, std::string reason) {
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  json record = cell_identity(cell, entry.run.planner->data_use(), context);
  record["status"] = "failed";
  record["error"] = reason;
  return record_from_json(std::move(record), cell.file.string());
}

/// The cell's record, or one that says why it failed. Lets through what would strike every cell.
Record run_or_record(const CellSpec& cell, Entry& entry, const CellContext& context, const Record& dense,
                     Progress& progress) {
  try {
    return run_cell(cell, entry.run, context, dense, progress);
  } catch (const Error& error) {
    const ErrorKind kind = error.kind();
    if (kind == ErrorKind::kInterrupted || kind == ErrorKind::kOutOfSpace || kind == ErrorKind::kIo) throw;
    return failed_record(cell, entry, context, error.what());
  } catch (const std::bad_alloc&) {
    return failed_record(cell, entry, context, "not enough memory");
  } catch (const c10::Error& error) {
    return failed_record(cell, entry, context, error.what_without_backtrace());
  }
}

std::string outcome(const Record& record) {
  if (record.failed()) return "failed: " + record.error();
  std::string text;
  for (const json& result : record.part("/perplexity")) {
    text += fmt::format("{}{} {:.2f}", text.empty() ? "" : ", ",
                        std::filesystem::path(result.at("file").get<std::string>()).filename().string(),
                        result.at("ppl").get<double>());
  }
  return text.empty() ? "done" : text;
}

}  // namespace

ComparisonSummary run_comparison(const ComparisonRecipe& recipe, const ComparisonFiles& files, Progress& progress,
                                 const PlannerRegistry& planners, const Registries& registries) {
  const torch::NoGradGuard no_grad;
  Bench bench(recipe, files, planners, registries, progress);
  const json fixed = fixed_facts(recipe, bench.model_facts(), bench.probe_facts());
  std::vector<Entry> entries = make_entries(recipe, files, bench, fixed);
  check_file_names(entries);
  const Descriptor lock = enter(files.output);

  ComparisonSummary summary;
  const CellSpec dense_spec = dense_cell(recipe, fixed, files.output);
  std::vector<std::pair<Entry*, const CellSpec*>> open;
  for (Entry& entry : entries) {
    for (const CellSpec& cell : entry.cells) {
      const std::optional<Record> record = recorded(cell, files.retry_failed);
      if (!record) {
        open.emplace_back(&entry, &cell);
        continue;
      }
      ++summary.reused;
      summary.failed += record->failed() ? 1 : 0;
    }
  }
  const bool dense_there = recorded(dense_spec, files.retry_failed).has_value();
  summary.reused += dense_there ? 1 : 0;
  std::error_code ignored;
  const auto remove_scratch = [&] { std::filesystem::remove_all(scratch_directory(files.output), ignored); };
  if (open.empty() && dense_there) {
    remove_scratch();  // of a run that was killed
    return summary;
  }

  const CellContext context = bench.context();
  if (!dense_there) {
    write_record(dense_spec.file, run_dense_cell(dense_spec, context, progress));
    ++summary.done;
  }
  const Record dense = read_record(dense_spec.file);
  progress.note("dense: " + outcome(dense));
  for (std::size_t i = 0; i < open.size(); ++i) {
    const auto& [entry, cell] = open[i];
    const Record record = run_or_record(*cell, *entry, context, dense, progress);
    write_record(cell->file, record);
    (record.failed() ? summary.failed : summary.done) += 1;
    progress.note(fmt::format("cell {} of {}: {} at {}{}: {}", i + 1, open.size(), cell->label, cell->ratio,
                              cell->seed ? fmt::format(", seed {}", *cell->seed) : "", outcome(record)));
  }
  remove_scratch();
  return summary;
}

}  // namespace prunenet
