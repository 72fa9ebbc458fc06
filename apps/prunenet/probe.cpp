#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "human.h"
#include "job.h"
#include "network.h"
#include "options.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/core/base_name.h"
#include "prunenet/core/error.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/probe/write_probe.h"
#include "prunenet/train/recipe.h"
#include "prunenet/train/training_model.h"
#include "recipe_file.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

using nlohmann::json;

struct ProbeArguments {
  std::string model;
  std::string out;
  std::optional<std::int64_t> tokens, held_out_tokens, sequence_length, exact_width;
  std::optional<double> temperature;
  NetworkArguments network;
  std::string json_file;
  bool loss_metric = false;
  bool force = false;
};

VerbOptions make_options(ProbeArguments& arguments) {
  VerbOptions options(
      {.verb = "probe",
       .synopsis = "--model DIR --out PROBE.safetensors [options]",
       .summary = "Asks a model about itself: samples text from it and keeps the moments of what its feed-forward "
                  "blocks\nanswer, layer by layer. 'train --probe' and 'compare --probe' take the file in place of a "
                  "probe of their own,\nso that it is made once, and perhaps on another machine.",
       .example = "prunenet probe --model smollm2 --recipe policies/smollm2.yaml --out smollm2-probe.safetensors\n"
                  "prunenet train --model smollm2 --recipe policies/smollm2.yaml --probe smollm2-probe.safetensors "
                  "--out p.safetensors",
       .details = "The recipe is that of 'prunenet train': its section probe, and train.seed where --seed is not "
                  "given."},
      VerbOptions::Recipe::kOwnSections);
  options.add()                                                                                                      //
      ("model", value_of(arguments.model, "DIR"), "model directory or GGUF file")                                    //
      ("out", value_of(arguments.out, "PROBE"), "the file to write")                                                 //
      ("tokens", value_of(arguments.tokens, "N"), "tokens that train, as probe.tokens of the recipe")                //
      ("held-out-tokens", value_of(arguments.held_out_tokens, "N"), "tokens that choose, as probe.held_out_tokens")  //
      ("sequence-length", value_of(arguments.sequence_length, "N"), "tokens a sequence, as probe.sequence_length")   //
      ("temperature", value_of(arguments.temperature, "T"), "of sampling, as probe.temperature")                     //
      ("exact-width", value_of(arguments.exact_width, "N"), "wider blocks are packed, as probe.exact_width")         //
      ("loss-metric", flag(arguments.loss_metric), "also what errors cost the likelihood, as probe.loss_metric")     //
      ("force", flag(arguments.force), "replace an existing file")                                                   //
      ("json", value_of(arguments.json_file, "F"), "write JSON to this file, or to standard output with -");
  add_network_options(options, arguments.network);
  return options;
}

/// The recipe with what the command line says of the probe and its seed.
Recipe make_recipe(const ProbeArguments& arguments, const CommonOptions& common) {
  Recipe recipe;
  if (!common.recipe.empty()) {
    recipe = located(common.recipe, [&] { return recipe_from_json(read_recipe_file(common.recipe)); });
    if (recipe.policy != PolicyKind::kFeatures) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("{}: policy 'prunenet' is trained without a probe", common.recipe));
    }
  }
  const auto put = [](const auto& value, auto& target) {
    if (value) target = *value;
  };
  put(arguments.tokens, recipe.probe.tokens);
  put(arguments.held_out_tokens, recipe.probe.held_out_tokens);
  put(arguments.sequence_length, recipe.probe.sequence_length);
  put(arguments.temperature, recipe.probe.temperature);
  put(arguments.exact_width, recipe.probe.exact_width);
  recipe.probe.loss_metric = recipe.probe.loss_metric || arguments.loss_metric;
  if (common.seed) recipe.train.seed = static_cast<std::uint64_t>(*common.seed);
  check(recipe.probe);
  return recipe;
}

json record_of(const ProbeFile& file, const ProbeArguments& arguments) {
  const ProbeFacts& facts = file.facts();
  return {{"model", arguments.model},
          {"model_sha256", facts.source.model_sha256},
          {"out", arguments.out},
          {"probe", to_json(facts.source.options)},
          {"seed", facts.source.seed},
          {"device", facts.device},
          {"stream", arguments.network.stream},
          {"bytes", file.bytes()},
          {"seconds", file.seconds()},
          {"peak_rss_bytes", peak_rss_bytes()}};
}

}  // namespace

void run_probe_verb(const Arguments& words) {
  ProbeArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.model, "model");
  options.require(arguments.out, "out");
  const Recipe recipe = make_recipe(arguments, options.common());
  const LoadOptions load = load_options(arguments.network);
  check_new_file(arguments.out, arguments.force);
  check_not_of_model(arguments.out, arguments.model);
  check_json_destination(arguments.json_file, arguments.model);

  Job job(options.common());
  const Stopwatch watch;
  const TrainingModel model = open_training_model(arguments.model);
  announce_probe_text(recipe.probe, model.checkpoint, *model.family, load, job.progress());
  {
    const CausalLm network = CausalLm::load(model.checkpoint, *model.family, job.progress(), load);
    write_probe(arguments.out, network,
                {.model_sha256 = model.sha256, .options = recipe.probe, .seed = recipe.train.seed},
                base_name(model.directory), watch, job.progress());
  }
  job.progress().finish();
  const ProbeFile file = ProbeFile::open(arguments.out);
  const json record = record_of(file, arguments);
  if (!arguments.json_file.empty()) write_json(arguments.json_file, record);
  if (arguments.json_file == "-") return;
  print(render_facts(
      {{"probe", arguments.out},
       {"model", fmt::format("{} (SHA-256 {})", file.facts().model_name, model.sha256)},
       {"tokens", fmt::format("{} that train, {} held out, in sequences of {}", recipe.probe.tokens,
                              recipe.probe.held_out_tokens, text_length(recipe.probe, model.family->config()))},
       {"seed", std::to_string(recipe.train.seed)},
       {"bytes", human_bytes(file.bytes())},
       {"seconds", human_seconds(file.seconds())},
       {"peak memory", human_bytes(record.at("peak_rss_bytes").get<std::uint64_t>())}}));
}

}  // namespace prunenet::cli
