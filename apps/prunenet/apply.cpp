#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "find_policy.h"
#include "heal.h"
#include "human.h"
#include "job.h"
#include "make_plan.h"
#include "model.h"
#include "options.h"
#include "outputs.h"
#include "plan_file.h"
#include "print.h"
#include "prunenet/core/error.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/prunable.h"
#include "prunenet/prune/prune.h"
#include "prunenet/prune/target.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

struct ApplyArguments {
  std::string model;
  std::string policy;
  std::optional<double> ratio;
  std::string target;
  std::string out;
  std::string budget = "uniform";
  std::string round_to;
  std::string plan_out;
  std::string from_plan;
  HealArguments heal;
  bool sample = false;
  bool dry_run = false;
  bool force = false;
};

/// "none (1), tensorcore (64), ...".
std::string presets_with_multiples() {
  std::string text;
  for (const auto& [name, multiple] : rounding_presets()) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", name, multiple);
  }
  return text;
}

VerbOptions make_options(ApplyArguments& arguments) {
  VerbOptions options(
      {.verb = "apply",
       .synopsis = "--model MODEL --policy POLICY (--ratio R | --target T) --out OUT [options]",
       .summary = "Removes the share R of the intermediate neurons of every feed-forward block, those that the policy\n"
                  "scores lowest. Needs nothing but the weights and the policy. What it writes is an ordinary model\n"
                  "directory, or GGUF file where the model is one, complete or not there at all.",
       .example =
           "prunenet apply --model smollm2 --policy smollm2.safetensors --ratio 0.3 --out smollm2-30\n"
           "prunenet apply --model smollm2 --policy smollm2.safetensors --target size=400MB --out smollm2-small\n"
           "prunenet apply --model smollm2 --policy smollm2.safetensors --ratio 0.3 --heal --out smollm2-30\n"
           "prunenet apply --model smollm2 --policy smollm2.safetensors --ratio 0.3 --dry-run --plan-out p.json\n"
           "prunenet apply --model smollm2 --from-plan p.json --out smollm2-30\n"
           "prunenet apply --model smollm2.gguf --policy smollm2.safetensors --ratio 0.3 --out smollm2-30.gguf",
       .details = ""});
  options.add()                                                                                                   //
      ("model", value_of(arguments.model, "MODEL"), "model directory, or GGUF file")                              //
      ("policy", value_of(arguments.policy, "POLICY"), "policy file, or the name of an installed one, as llama")  //
      ("ratio", value_of(arguments.ratio, "R"), fmt::format("share to remove, in [0, {}]", kMaxRatio).c_str())    //
      ("target", value_of(arguments.target, "T"),
       "in place of --ratio: remove as little as brings the model to params=100M, size=80MB (of the weight files), "
       "macs=90M (multiply-accumulates a token) or a share of the dense model, as macs=70%")  //
      ("out", value_of(arguments.out, "OUT"), "what to write: of the model's kind")           //
      ("round-to", value_of(arguments.round_to, "N"),
       fmt::format("the width that stays is a multiple of this: a number, or {}; default: 256 where the width is at "
                   "least 2048, else 32",
                   presets_with_multiples())
           .c_str())  //
      ("budget", default_of(arguments.budget, "B"),
       "how layers share what stays: uniform, or global, by what the policy has learned of them, which only GGUF "
       "files of the llama architecture can hold")                                                                    //
      ("plan-out", value_of(arguments.plan_out, "F"), "also write the plan (which neurons stay) to this JSON file")   //
      ("from-plan", value_of(arguments.from_plan, "F"), "replay a plan; then no policy, ratio or rounding is given")  //
      ("sample", flag(arguments.sample), "draw the neurons from the policy, by --seed")                               //
      ("dry-run", flag(arguments.dry_run), "say what would come out, and write no model")                             //
      ("force", flag(arguments.force), "replace an existing output");
  options.suggest("policy", [] { return policy_names(); });
  options.suggest("budget", {"uniform", "global"});
  std::vector<std::string> presets;
  for (const auto& [name, multiple] : rounding_presets()) presets.emplace_back(name);
  options.suggest("round-to", std::move(presets));
  add_heal_options(options, arguments.heal);
  return options;
}

/// The output is of the input's kind, and nothing is in its way.
void check_output(const ApplyArguments& arguments) {
  const bool gguf = is_gguf_path(arguments.model);
  if (gguf != is_gguf_path(arguments.out)) {
    throw Error(
        ErrorKind::kInvalidArgument,
        gguf ? fmt::format("--out {}: the model is a GGUF file, so the output must be one, too (its name ends in "
                           ".gguf); for a model directory, import the model first (prunenet import)",
                           arguments.out)
             : fmt::format("--out {}: the model is a directory, so the output must be one, too; for a GGUF file, "
                           "export the output (prunenet export)",
                           arguments.out));
  }
  if (gguf) {
    check_new_file(arguments.out, arguments.force);
  } else {
    check_new_directory(arguments.out, arguments.force);
  }
}

void check_arguments(const ApplyArguments& arguments, const VerbOptions& options) {
  options.require(arguments.model, "model");
  if (!arguments.dry_run) options.require(arguments.out, "out");
  if (arguments.from_plan.empty()) {
    options.require(arguments.policy, "policy");
    if (arguments.target.empty()) options.require(arguments.ratio ? "given" : "", "ratio");
  } else if (arguments.ratio || !arguments.target.empty() || !arguments.policy.empty() || !arguments.round_to.empty() ||
             arguments.sample || arguments.budget != "uniform") {
    throw Error(ErrorKind::kInvalidArgument,
                "--from-plan excludes --policy, --ratio, --target, --round-to, --budget and --sample: the plan holds "
                "what they decide" +
                    options.see_help());
  }
  if (arguments.ratio && !arguments.target.empty()) {
    throw Error(ErrorKind::kInvalidArgument,
                "--ratio and --target exclude each other: both say how much to remove" + options.see_help());
  }
  if (arguments.ratio && !(*arguments.ratio >= 0.0 && *arguments.ratio <= kMaxRatio)) {
    throw Error(
        ErrorKind::kInvalidArgument,
        fmt::format("--ratio {}: must be in [0, {}], the share of neurons to remove", *arguments.ratio, kMaxRatio));
  }
  if (!arguments.plan_out.empty()) {
    check_new_file(arguments.plan_out, arguments.force);
    check_not_of_model(arguments.plan_out, arguments.model);
  }
  check_heal_arguments(arguments.heal, options);
  if (parse_budget_kind(arguments.budget) == BudgetKind::kGlobal && !is_gguf_path(arguments.model)) {
    throw Error(ErrorKind::kInvalidArgument,
                "--budget global: a model directory has one width for all layers; export the model to a GGUF file and "
                "prune that, or leave the option out");
  }
  if (!arguments.dry_run) check_output(arguments);
}

/// The ratio that --target comes to, and the rounding that its width has: the default where none is asked for.
RatioForTarget ratio_for_target(const ApplyArguments& arguments, const Prunable& prunable) {
  std::optional<std::int64_t> round_to;
  if (!arguments.round_to.empty()) round_to = parse_rounding(arguments.round_to);
  return prunenet::ratio_for_target(prunable.family().config().intermediate_size, parse_target(arguments.target),
                                    round_to, [&](std::int64_t width) { return prunable.estimate_width(width); });
}

PlanFromPolicy get_plan(const ApplyArguments& arguments, const Prunable& prunable, const CommonOptions& common,
                        Progress& progress) {
  if (!arguments.from_plan.empty()) return {read_plan_file(arguments.from_plan), std::nullopt};
  PlanRequest request;
  request.policy = arguments.policy;
  request.round_to = arguments.round_to;
  if (arguments.target.empty()) {
    request.ratio = *arguments.ratio;
  } else {
    const auto [ratio, round_to] = ratio_for_target(arguments, prunable);
    request.ratio = ratio;
    request.round_to = std::to_string(round_to);
  }
  request.budget = parse_budget_kind(arguments.budget);
  request.sample = arguments.sample;
  if (common.seed) request.seed = static_cast<std::uint64_t>(*common.seed);
  return make_plan(prunable.checkpoint(), prunable.family(), request, progress);
}

/// Null where there is nothing to heal.
std::unique_ptr<HealedDowns> heal(const ApplyArguments& arguments, const Prunable& prunable, const Plan& plan,
                                  const CommonOptions& common, Progress& progress) {
  if (!arguments.heal.heal || plan.achieved_ratio() == 0.0) return nullptr;
  const HealingOptions options =
      healing_options(arguments.heal, arguments.policy, static_cast<std::uint64_t>(common.seed.value_or(0)));
  if (options.form == HealForm::kSequential && options.probe.empty()) {
    check(options.text);
    announce_probe_text(options.text, prunable.checkpoint(), prunable.family(), options.load, progress);
  }
  return std::make_unique<HealedDowns>(prunable, plan, options, arguments.out, progress);
}

std::string width_after(const PruneEstimate& sizes) {
  if (sizes.intermediate_size_after == sizes.largest_size_after) return std::to_string(sizes.intermediate_size_after);
  return fmt::format("{} to {}", sizes.intermediate_size_after, sizes.largest_size_after);
}

Facts describe(const PruneEstimate& sizes, const Plan& plan) {
  const auto change = [](const std::string& before, const std::string& after) { return before + " -> " + after; };
  return {{"plan", fmt::format("{}; {} layers, widths are multiples of {}", plan.source, plan.keep_indices.size(),
                               plan.round_to)},
          {"ratio asked for", human_percent(sizes.requested_ratio)},
          {"ratio of the FFN", human_percent(sizes.ffn_ratio)},
          {"ratio of the model", fmt::format("{} of the parameters, {} of the bytes, {} of the multiply-accumulates",
                                             human_percent(sizes.model_ratio), human_percent(sizes.bytes_ratio),
                                             human_percent(sizes.macs_ratio))},
          {"intermediate size", change(std::to_string(sizes.intermediate_size_before), width_after(sizes))},
          {"parameters", change(human_count(static_cast<double>(sizes.parameters_before)),
                                human_count(static_cast<double>(sizes.parameters_after)))},
          {"bytes", change(human_bytes(sizes.bytes_before), human_bytes(sizes.bytes_after))},
          {"MACs a token", change(human_count(static_cast<double>(sizes.macs_before)),
                                  human_count(static_cast<double>(sizes.macs_after)))}};
}

}  // namespace

void run_apply(const Arguments& words) {
  ApplyArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  check_arguments(arguments, options);
  const std::string named_policy = std::exchange(arguments.policy, find_policy(arguments.policy));

  Job job(options.common());
  const Stopwatch watch;
  const Prunable prunable(arguments.model);
  const auto [plan, seed] = get_plan(arguments, prunable, options.common(), job.progress());
  const PruneEstimate sizes = prunable.estimate(plan);
  Facts facts = describe(sizes, plan);
  if (arguments.policy != named_policy) facts.emplace(facts.begin(), "policy", arguments.policy);
  if (!arguments.dry_run) {
    PruneOptions prune;
    prune.output = arguments.out;
    prune.force = arguments.force;
    prune.policy = arguments.policy;
    prune.command_line = quote_command("apply", words);
    prune.seed = seed;
    prune.threads = options.common().threads;
    const auto healed = heal(arguments, prunable, plan, options.common(), job.progress());
    if (healed) {
      healed->put_into(prune);
      facts.emplace_back("healing", summary(healed->record()));
    } else if (arguments.heal.heal) {
      facts.emplace_back("healing", "none: no neuron is removed");
    }
    const PruneReport report = prunable.prune(plan, prune, job.progress());
    for (const std::string& remark : report.remarks) facts.emplace_back("note", remark);
    facts.emplace_back("peak memory", human_bytes(report.peak_rss_bytes));
    facts.emplace_back("written to", arguments.out);
  }
  if (!arguments.plan_out.empty()) write_plan_file(arguments.plan_out, plan);
  job.progress().finish();
  facts.emplace_back("seconds", fmt::format("{:.2f}", watch.seconds()));
  print(render_facts(facts));
}

}  // namespace prunenet::cli
