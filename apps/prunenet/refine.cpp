#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "curve_output.h"
#include "find_policy.h"
#include "human.h"
#include "job.h"
#include "network.h"
#include "options.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/error.h"
#include "prunenet/refine/refine_policy.h"
#include "prunenet/train/training_files.h"
#include "recipe_file.h"
#include "resumable.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

struct RefineArguments {
  std::vector<std::string> models;
  std::string policy;
  std::string out;
  std::optional<std::int64_t> steps;
  std::vector<std::string> settings;
  CurveArguments curve;
  NetworkArguments network;
  bool resume = false;
  bool force = false;
};

VerbOptions make_options(RefineArguments& arguments) {
  VerbOptions options(
      {.verb = "refine",
       .synopsis = "--model DIR [--model DIR ...] --policy POLICY --out POLICY.safetensors [options]",
       .summary =
           "Trains a policy further on what pruning does to the whole model: the divergence of the pruned model\n"
           "from the dense one, on text that the dense model samples itself; no other data is used. The output\n"
           "is a policy like the one it starts from. Interrupted, it goes on with --resume.",
       .example = "prunenet refine --model smollm2 --policy smollm2.safetensors --out smollm2-refined.safetensors",
       .details = "The recipe, with its defaults:\n" + recipe_text(to_json(RefineOptions{}))},
      VerbOptions::Recipe::kOwnSections);
  options.add()                                                                                                      //
      ("model", value_of(arguments.models, "DIR"), "dense model; repeat it to refine on several, which take turns")  //
      ("policy", value_of(arguments.policy, "POLICY"), "the policy to start from: a file, or a name")                //
      ("out", value_of(arguments.out, "POLICY"), "the policy file to write")                                         //
      ("steps", value_of(arguments.steps, "N"), "short for --set refine.steps=N")                                    //
      ("set", value_of(arguments.settings, "KEY=VALUE"),
       "one value of the recipe, as in --set refine.sampled_tokens=131072")                             //
      ("resume", flag(arguments.resume), "go on from POLICY.refine, where an interrupted run left it")  //
      ("force", flag(arguments.force),
       "replace an existing policy file, and start anew where an unfinished refinement is left");
  options.suggest("policy", [] { return policy_names(); });
  add_curve_options(options, arguments.curve);
  add_device_option(options, arguments.network);
  return options;
}

RefineOptions make_recipe(const RefineArguments& arguments, const CommonOptions& common) {
  nlohmann::json recipe = common.recipe.empty() ? nlohmann::json::object() : read_recipe_file(common.recipe);
  std::vector<std::string> settings = arguments.settings;
  if (arguments.steps) settings.push_back(fmt::format("refine.steps={}", *arguments.steps));
  if (common.seed) settings.push_back(fmt::format("refine.seed={}", *common.seed));
  for (const std::string& setting : settings) apply_recipe_setting(setting, recipe);
  const auto read = [&recipe] { return refine_options_from_json(recipe); };
  return common.recipe.empty() ? read() : located(common.recipe, read);
}

void check_output(const RefineArguments& arguments) {
  check_new_file(arguments.out, arguments.force);
  for (const std::string& model : arguments.models) check_not_of_model(arguments.out, model);
  if (resolve_path(arguments.policy) != resolve_path(arguments.out)) return;
  throw Error(
      ErrorKind::kInvalidArgument,
      fmt::format("--out {} is the policy that is refined, which is only read; choose another name", arguments.out));
}

void print_refinement(const std::string& path, const Policy& policy, Refined learned) {
  const nlohmann::json& facts = policy.provenance.at(learned == Refined::kBudget ? "budget" : "refinement");
  const nlohmann::json& curve = facts.at("curve");
  const auto divergence = [](const nlohmann::json& point) { return point.at("held_out_divergence").get<double>(); };
  print(render_facts(
      {{"policy", path},
       {"steps", std::to_string(curve.back().at("step").get<std::int64_t>())},
       {"KL from dense", fmt::format("{:.4f} -> {:.4f} (best {:.4f}), held out", divergence(curve.front()),
                                     divergence(curve.back()), facts.at("best_held_out_divergence").get<double>())},
       {"seconds",
        fmt::format("training {} (of the processor: {})", human_seconds(curve.back().at("seconds").get<double>()),
                    human_seconds(curve.back().at("processor_seconds").get<double>()))}}));
}

}  // namespace

void run_refine(const Arguments& words) {
  RefineArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.models.empty() ? "" : arguments.models.front(), "model");
  options.require(arguments.policy, "policy");
  options.require(arguments.out, "out");
  arguments.policy = find_policy(arguments.policy);
  const RefineOptions recipe = make_recipe(arguments, options.common());
  check_output(arguments);
  const std::filesystem::path work = arguments.out + ".refine";
  check_unfinished_work(work, arguments.resume, arguments.force);
  RefineFiles files{.models = {arguments.models.begin(), arguments.models.end()},
                    .policy = arguments.policy,
                    .work_directory = work,
                    .resume = arguments.resume,
                    .load = load_options(arguments.network)};
  files.load.when_too_large = "policies are refined on models that fit into memory only";

  Job job(options.common());
  files.log = curve_log(arguments.curve, job);
  const Policy policy =
      say_how_to_resume(work, kResumableErrors, [&] { return refine_policy(recipe, files, job.progress()); });
  save_policy(arguments.out, policy);
  remove_training_files(work);
  job.progress().finish();
  print_refinement(arguments.out, policy, recipe.learn);
}

}  // namespace prunenet::cli
