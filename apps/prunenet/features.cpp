#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "human.h"
#include "job.h"
#include "model.h"
#include "options.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/core/version.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/features/feature_extractor.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

struct FeaturesArguments {
  std::string model;
  std::string out;
  bool force = false;
};

VerbOptions make_options(FeaturesArguments& arguments) {
  VerbOptions options(
      {.verb = "features",
       .synopsis = "--model DIR --out FILE.safetensors [options]",
       .summary = "Writes what a policy sees: the features of every FFN neuron, computed from the weights alone.",
       .example = "prunenet features --model smollm2 --out features.safetensors",
       .details = "One tensor a layer, 'features.L', float32, a row a neuron. The file's metadata has the names of\n"
                  "the columns as JSON, 'names'; docs/method.md says what each is. Layers are read, computed and\n"
                  "written one after the other, so a model may be larger than memory."});
  options.add()                                                                    //
      ("model", value_of(arguments.model, "DIR"), "model directory or GGUF file")  //
      ("out", value_of(arguments.out, "FILE"), "file to write")                    //
      ("force", flag(arguments.force), "replace an existing file");
  return options;
}

std::string layer_name(std::int64_t layer) {
  return fmt::format("features.{}", layer);
}

SafetensorsLayout layout_of(const ModelConfig& config) {
  const auto columns = static_cast<std::int64_t>(feature_names().size());
  std::vector<TensorDeclaration> tensors;
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    tensors.push_back({layer_name(layer), Dtype::kF32, {config.intermediate_size, columns}});
  }
  const std::map<std::string, std::string> metadata = {{"format", "prunenet.features"},
                                                       {"names", nlohmann::json(feature_names()).dump()},
                                                       {"prunenet_version", std::string(version())}};
  return SafetensorsLayout(std::move(tensors), metadata);
}

}  // namespace

void run_features(const Arguments& words) {
  FeaturesArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.model, "model");
  options.require(arguments.out, "out");
  check_new_file(arguments.out, arguments.force);
  check_not_of_model(arguments.out, arguments.model);

  Job job(options.common());
  const Model model = open_model(arguments.model);
  const Stopwatch watch;
  SafetensorsWriter writer(arguments.out, layout_of(model.family->config()));
  extract_features(
      CheckpointWeights(model.checkpoint, *model.family),
      [&writer](std::int64_t layer, const MatrixF& features) {
        writer.write(layer_name(layer),
                     std::as_bytes(std::span(features.data(), static_cast<std::size_t>(features.size()))));
      },
      job.progress());
  writer.finish();
  job.progress().finish();
  print(render_facts({{"features", arguments.out},
                      {"columns", std::to_string(feature_names().size())},
                      {"bytes", human_bytes(std::filesystem::file_size(arguments.out))},
                      {"seconds", fmt::format("{:.1f}", watch.seconds())},
                      {"peak memory", human_bytes(peak_rss_bytes())}}));
}

}  // namespace prunenet::cli
