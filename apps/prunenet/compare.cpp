#include "prunenet/compare/compare.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "job.h"
#include "network.h"
#include "options.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/compare/recipe.h"
#include "prunenet/core/error.h"
#include "recipe_file.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

using nlohmann::json;

struct CompareArguments {
  std::string model;
  std::string out;
  std::string calibration;
  std::string probe;
  NetworkArguments network;
  bool retry_failed = false;
};

VerbOptions make_options(CompareArguments& arguments) {
  VerbOptions options(
      {.verb = "compare",
       .synopsis = "--recipe F.yaml --model DIR --out DIR [options]",
       .summary = "Prunes one model by every method, ratio and seed of a recipe and measures what comes out; one JSON\n"
                  "record a cell. What is recorded already is not measured again; a cell that fails is recorded with\n"
                  "its reason. 'prunenet report DIR' makes a page of the records. docs/methods.md has the methods,\n"
                  "docs/cli.md the recipe.",
       .example = "prunenet compare --recipe experiments/compare/smollm2.yaml --model smollm2 --out comparison\n"
                  "prunenet report comparison --out comparison.html",
       .details = ""},
      VerbOptions::Recipe::kOwnSections);
  options.add()                                                                                                    //
      ("model", value_of(arguments.model, "DIR"), "model directory")                                               //
      ("out", value_of(arguments.out, "DIR"), "directory of the records; may hold those of an earlier run")        //
      ("calibration", value_of(arguments.calibration, "F"), "text for methods that need some (calibration.file)")  //
      ("probe", value_of(arguments.probe, "PROBE"),
       "a probe that 'prunenet probe' made of the model: methods that probe it take this, whatever their options "
       "say")  //
      ("retry-failed", flag(arguments.retry_failed), "run cells again that are recorded as failed");
  add_device_option(options, arguments.network);
  return options;
}

/// A policy's `recipe` may be the name of a file, relative to where the command runs.
void read_inner_recipes(json& recipe) {
  if (!recipe.contains("methods") || !recipe["methods"].is_array()) return;
  for (json& method : recipe["methods"]) {
    if (!method.is_object() || !method.contains("recipe") || !method["recipe"].is_string()) continue;
    method["recipe"] = read_recipe_file(method["recipe"].get<std::string>());
  }
}

ComparisonRecipe read_recipe(const CompareArguments& arguments, const std::string& file) {
  json recipe = read_recipe_file(file);
  read_inner_recipes(recipe);
  if (!arguments.calibration.empty()) recipe["calibration"]["file"] = arguments.calibration;
  try {
    return comparison_recipe_from_json(recipe);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", file, error.what()));
  }
}

}  // namespace

void run_compare(const Arguments& words) {
  CompareArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(options.common().recipe, "recipe");
  options.require(arguments.model, "model");
  options.require(arguments.out, "out");
  check_apart(arguments.model, arguments.out);
  const ComparisonRecipe recipe = read_recipe(arguments, options.common().recipe);

  const torch::Device device = load_options(arguments.network).device;
  Job job(options.common());
  const ComparisonSummary summary = run_comparison(recipe,
                                                   {.model = arguments.model,
                                                    .output = arguments.out,
                                                    .command_line = quote_command("compare", words),
                                                    .probe = arguments.probe,
                                                    .device = device,
                                                    .retry_failed = arguments.retry_failed},
                                                   job.progress());
  job.progress().finish();
  print(fmt::format("{}: {} cells measured, {} there already, {} failed; 'prunenet report {}' makes a page of them\n",
                    arguments.out, summary.done, summary.reused, summary.failed, arguments.out));
}

}  // namespace prunenet::cli
