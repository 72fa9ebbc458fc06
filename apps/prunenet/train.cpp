#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "curve_output.h"
#include "human.h"
#include "job.h"
#include "network.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/error.h"
#include "prunenet/policy/policy.h"
#include "prunenet/policy/published_policy.h"
#include "prunenet/train/prunenet_session.h"
#include "prunenet/train/recipe.h"
#include "prunenet/train/session.h"
#include "prunenet/train/training_files.h"
#include "recipe_file.h"
#include "resumable.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

struct TrainArguments {
  std::vector<std::string> models;
  std::string out;
  std::vector<std::string> settings;
  std::optional<std::int64_t> steps;
  std::vector<std::string> probes;
  CurveArguments curve;
  NetworkArguments network;
  bool resume = false;
  bool force = false;
};

std::string default_recipe() {
  Recipe published;
  published.policy = PolicyKind::kPrunenet;
  return "The recipe, with its defaults:\n  policy: features\n" + recipe_text(to_json(Recipe{})) +
         "or, for a policy as the PruneNet paper has it, one a ratio and model (docs/method.md):\n"
         "  policy: prunenet\n" +
         recipe_text(to_json(published));
}

VerbOptions make_options(TrainArguments& arguments) {
  VerbOptions options(
      {.verb = "train",
       .synopsis = "--model DIR [--model DIR ...] --out POLICY.safetensors [options]",
       .summary = "Trains a policy that scores the neurons of feed-forward blocks, from the models alone: they are\n"
                  "probed with text that they sample themselves, and no other data is used. One policy serves every\n"
                  "ratio and every size of the family. Interrupted, training goes on with --resume.",
       .example = "prunenet train --model smollm2 --recipe policies/smollm2.yaml --out smollm2.safetensors",
       .details = default_recipe()},
      VerbOptions::Recipe::kOwnSections);
  options.add()                                                                                       //
      ("model", value_of(arguments.models, "DIR"), "model directory; repeat it to train on several")  //
      ("out", value_of(arguments.out, "POLICY"), "the policy file to write")                          //
      ("steps", value_of(arguments.steps, "N"), "short for --set train.steps=N")                      //
      ("set", value_of(arguments.settings, "KEY=VALUE"),
       "one value of the recipe, as in --set train.learning_rate=1e-3 or --set policy=prunenet")  //
      ("probe", value_of(arguments.probes, "PROBE"),
       "a probe that 'prunenet probe' made of one of the models; repeat it for several. Its options stand for the "
       "recipe's")                                                                                     //
      ("resume", flag(arguments.resume), "go on from POLICY.train, where an interrupted run left it")  //
      ("force", flag(arguments.force),
       "replace an existing policy file, and start anew where an unfinished training is left");
  add_curve_options(options, arguments.curve);
  add_network_options(options, arguments.network);
  return options;
}

Recipe make_recipe(const TrainArguments& arguments, const CommonOptions& common) {
  nlohmann::json recipe = common.recipe.empty() ? nlohmann::json::object() : read_recipe_file(common.recipe);
  std::vector<std::string> settings = arguments.settings;
  if (arguments.steps) settings.push_back(fmt::format("train.steps={}", *arguments.steps));
  for (const std::string& setting : settings) apply_recipe_setting(setting, recipe);
  if (common.seed) {
    const bool published = recipe.value("policy", nlohmann::json()) == to_string(PolicyKind::kPrunenet);
    apply_recipe_setting(fmt::format("{}.seed={}", published ? "prunenet" : "train", *common.seed), recipe);
  }
  try {
    return recipe_from_json(recipe);
  } catch (const Error& error) {
    if (common.recipe.empty()) throw;
    throw Error(error.kind(), fmt::format("{}: {}", common.recipe, error.what()));
  }
}

std::filesystem::path work_directory(const TrainArguments& arguments) {
  return arguments.out + ".train";
}

void print_summary(const std::string& path, const Policy& policy) {
  const auto& curve = policy.curve;
  const auto& facts = policy.provenance;
  const auto seconds = [&](const char* key) { return human_seconds(facts.at(key).get<double>()); };
  print(render_facts(
      {{"policy", path},
       {"features", std::to_string(policy.features.size())},
       {"steps", std::to_string(curve.back().at("step").get<std::int64_t>())},
       {"reward",
        fmt::format("{:.4f} at step {} -> {:.4f} (best {:.4f})", curve.front().at("validation_reward").get<double>(),
                    curve.front().at("step").get<std::int64_t>(), curve.back().at("validation_reward").get<double>(),
                    facts.at("best_validation_reward").get<double>())},
       {"seconds", fmt::format("probe {}, features {}, training {}", seconds("probe_seconds"),
                               seconds("feature_seconds"), seconds("training_seconds"))}}));
}

void print_summary(const std::string& path, const PublishedPolicy& policy) {
  const auto& first = policy.curve.front();
  const auto& last = policy.curve.back();
  print(render_facts({{"policy", path},
                      {"ratio", human_percent(policy.ratio)},
                      {"episodes", std::to_string(policy.curve.size())},
                      {"mean KS", fmt::format("{:.4f} in the first episode, {:.4f} in the last; kept after episode {}",
                                              first.at("mean_ks").get<double>(), last.at("mean_ks").get<double>(),
                                              policy.provenance.at("best_episode").get<std::int64_t>())},
                      {"seconds", human_seconds(policy.provenance.at("training_seconds").get<double>())}}));
}

void check_probes(const TrainArguments& arguments, const Recipe& recipe) {
  if (!arguments.probes.empty() && recipe.policy == PolicyKind::kPrunenet) {
    throw Error(ErrorKind::kInvalidArgument, "--probe has no effect with policy 'prunenet', which is trained without");
  }
  for (const std::string& probe : arguments.probes) {
    if (resolve_path(probe) != resolve_path(arguments.out)) continue;
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("--out {} is the probe, which is only read; choose another name", arguments.out));
  }
}

/// Trains a policy of either kind and saves it.
template <typename Train, typename Save>
void train_and_save(const TrainArguments& arguments, const Recipe& recipe, const LoadOptions& load, Job& job,
                    Train train, Save save) {
  const std::filesystem::path work = work_directory(arguments);
  const std::vector<std::filesystem::path> models(arguments.models.begin(), arguments.models.end());
  const TrainingFiles files{.work_directory = work,
                            .resume = arguments.resume,
                            .probes = {arguments.probes.begin(), arguments.probes.end()},
                            .load = load,
                            .log = curve_log(arguments.curve, job)};
  const auto policy = say_how_to_resume(work, kResumableErrors,
                                        [&] { return train(models, recipe, files, job.progress(), Registries{}); });
  save(arguments.out, policy);
  remove_training_files(work);
  job.progress().finish();
  print_summary(arguments.out, policy);
}

}  // namespace

void run_train(const Arguments& words) {
  TrainArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.models.empty() ? "" : arguments.models.front(), "model");
  options.require(arguments.out, "out");
  const Recipe recipe = make_recipe(arguments, options.common());
  check_new_file(arguments.out, arguments.force);
  for (const std::string& model : arguments.models) check_not_of_model(arguments.out, model);
  check_probes(arguments, recipe);
  check_unfinished_work(work_directory(arguments), arguments.resume, arguments.force);
  const LoadOptions load = load_options(arguments.network);

  Job job(options.common());
  if (recipe.policy == PolicyKind::kPrunenet) {
    train_and_save(arguments, recipe, load, job, train_prunenet_on_model, save_published_policy);
  } else {
    train_and_save(arguments, recipe, load, job, train_on_models, save_policy);
  }
}

}  // namespace prunenet::cli
