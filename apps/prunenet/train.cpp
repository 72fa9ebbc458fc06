#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "human.h"
#include "job.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/core/error.h"
#include "prunenet/policy/policy.h"
#include "prunenet/train/recipe.h"
#include "prunenet/train/session.h"
#include "recipe_file.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

struct TrainArguments {
  std::vector<std::string> models;
  std::string out;
  std::vector<std::string> settings;
  std::optional<std::int64_t> steps;
  bool resume = false;
  bool force = false;
};

std::string default_recipe() {
  std::string text = "The recipe, with its defaults:\n";
  const nlohmann::json defaults = to_json(Recipe{});
  for (const auto& [section, fields] : defaults.items()) {
    text += fmt::format("  {}:\n", section);
    for (const auto& [key, value] : fields.items()) {
      text += fmt::format("    {}: {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return text;
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
       "one value of the recipe, as in --set train.learning_rate=1e-3")                                //
      ("resume", flag(arguments.resume), "go on from POLICY.train, where an interrupted run left it")  //
      ("force", flag(arguments.force), "replace an existing policy file");
  return options;
}

void apply_setting(const std::string& setting, nlohmann::json& recipe) {
  const std::size_t dot = setting.find('.');
  const std::size_t equals = setting.find('=');
  if (dot == std::string::npos || equals == std::string::npos || dot > equals) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("--set {}: must be SECTION.KEY=VALUE", setting));
  }
  nlohmann::json& section = recipe[setting.substr(0, dot)];
  if (!section.is_object() && !section.is_null()) return;  // recipe_from_json says what is wrong with it
  section[setting.substr(dot + 1, equals - dot - 1)] = parse_recipe_value(setting.substr(equals + 1));
}

Recipe make_recipe(const TrainArguments& arguments, const CommonOptions& common) {
  nlohmann::json recipe = common.recipe.empty() ? nlohmann::json::object() : read_recipe_file(common.recipe);
  std::vector<std::string> settings = arguments.settings;
  if (arguments.steps) settings.push_back(fmt::format("train.steps={}", *arguments.steps));
  if (common.seed) settings.push_back(fmt::format("train.seed={}", *common.seed));
  for (const std::string& setting : settings) apply_setting(setting, recipe);
  try {
    return recipe_from_json(recipe);
  } catch (const Error& error) {
    if (common.recipe.empty()) throw;
    throw Error(error.kind(), fmt::format("{}: {}", common.recipe, error.what()));
  }
}

/// Failures that have nothing to do with what was asked for: the same command can go on after them.
bool can_be_resumed(ErrorKind kind) {
  return kind == ErrorKind::kInterrupted || kind == ErrorKind::kOutOfSpace || kind == ErrorKind::kIo;
}

/// Trains, and says how to go on where something is left to go on with.
Policy train(const TrainArguments& arguments, const Recipe& recipe, const std::filesystem::path& work,
             Progress& progress) {
  try {
    return train_on_models({arguments.models.begin(), arguments.models.end()}, recipe,
                           {.work_directory = work, .resume = arguments.resume}, progress);
  } catch (const Error& error) {
    std::error_code ignored;
    std::filesystem::remove(work, ignored);  // only where it is empty
    if (!can_be_resumed(error.kind()) || !std::filesystem::exists(work, ignored)) throw;
    throw Error(error.kind(), fmt::format("{}; --resume goes on from {}", error.what(), work.string()));
  }
}

void print_summary(const TrainArguments& arguments, const Policy& policy) {
  const auto& curve = policy.curve;
  const auto& facts = policy.provenance;
  const auto seconds = [&](const char* key) { return human_seconds(facts.at(key).get<double>()); };
  print(render_facts(
      {{"policy", arguments.out},
       {"features", std::to_string(policy.features.size())},
       {"steps", std::to_string(curve.back().at("step").get<std::int64_t>())},
       {"reward",
        fmt::format("{:.4f} at step {} -> {:.4f} (best {:.4f})", curve.front().at("validation_reward").get<double>(),
                    curve.front().at("step").get<std::int64_t>(), curve.back().at("validation_reward").get<double>(),
                    facts.at("best_validation_reward").get<double>())},
       {"seconds", fmt::format("probe {}, features {}, training {}", seconds("probe_seconds"),
                               seconds("feature_seconds"), seconds("training_seconds"))}}));
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

  Job job(options.common());
  const std::filesystem::path work = arguments.out + ".train";
  const Policy policy = train(arguments, recipe, work, job.progress());
  save_policy(arguments.out, policy);
  std::filesystem::remove_all(work);
  job.progress().finish();
  print_summary(arguments, policy);
}

}  // namespace prunenet::cli
