#include "prunenet/train/measurements.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "prunenet/core/base_name.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/core/version.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/probe/write_probe.h"

namespace prunenet {

namespace {

/// A file name that says what it was made from.
std::string keyed_name(ModelFile file, const std::string& key) {
  return fmt::format("{}-{}.safetensors", to_string(file), key.substr(0, 16));
}

SavedFeatures features_from(const std::filesystem::path& path, const std::string& key, const TrainingModel& model,
                            const FeatureRegistry& features, Progress& progress) {
  const ModelConfig& config = model.family->config();
  if (auto saved = load_features(path, key, config.num_hidden_layers, config.intermediate_size,
                                 static_cast<std::int64_t>(feature_names(features).size()))) {
    return std::move(*saved);
  }
  SavedFeatures made;
  const Stopwatch watch;
  extract_features(
      CheckpointWeights(model.checkpoint, *model.family),
      [&made](std::int64_t /*layer*/, const MatrixF& values) { made.layers.push_back(values); }, progress, features);
  made.seconds = watch.seconds();
  save_features(path, key, made);
  return made;
}

std::string features_key(const TrainingModel& model, const FeatureRegistry& features) {
  return digest({{"model", model.sha256}, {"features", feature_names(features)}, {"version", version()}});
}

const std::string& sha256_of(const ProbeFile& file) {
  return file.facts().source.model_sha256;
}

void require_model(const ProbeFile& file, const std::vector<TrainingModel>& models) {
  std::string given;
  for (const TrainingModel& model : models) {
    if (model.sha256 == sha256_of(file)) {
      const ModelConfig& config = model.family->config();
      return file.require_sizes(config.num_hidden_layers, config.intermediate_size);
    }
    given += fmt::format("{}{} ({})", given.empty() ? "" : ", ", model.directory.string(), model.sha256);
  }
  throw Error(ErrorKind::kMismatch,
              fmt::format("{} is a probe of another model: of '{}' with SHA-256 {}, but given are {}",
                          file.path().string(), printable(file.facts().model_name), printable(sha256_of(file)), given));
}

void require_same_options(const ProbeFile& first, const ProbeFile& other) {
  ProbeSource wanted = first.facts().source;
  wanted.model_sha256 = sha256_of(other);
  wanted.seed = other.facts().source.seed;
  other.require(wanted,
                fmt::format("probes of one training have the same options, those of {} here", first.path().string()));
}

}  // namespace

GivenProbes::GivenProbes(const std::vector<std::filesystem::path>& paths, const std::vector<TrainingModel>& models) {
  for (const std::filesystem::path& path : paths) {
    files_.push_back(ProbeFile::open(path));
    require_model(files_.back(), models);
    require_same_options(files_.front(), files_.back());
  }
}

const ProbeFile* GivenProbes::of(const TrainingModel& model) const {
  const auto found = std::ranges::find(files_, model.sha256, &sha256_of);
  return found == files_.end() ? nullptr : &*found;
}

Recipe GivenProbes::recipe_for(Recipe recipe) const {
  if (!files_.empty()) recipe.probe = files_.front().facts().source.options;
  return recipe;
}

nlohmann::json GivenProbes::seeds(const std::vector<TrainingModel>& models, const Recipe& recipe) const {
  nlohmann::json seeds = nlohmann::json::array();
  for (const TrainingModel& model : models) {
    const ProbeFile* file = of(model);
    seeds.push_back(file != nullptr ? file->facts().source.seed : recipe.train.seed);
  }
  return seeds;
}

ProbeFile Measurements::probe(const TrainingModel& model, std::size_t index) const {
  if (const ProbeFile* file = given_.of(model)) return *file;
  const ProbeSource source{.model_sha256 = model.sha256, .options = recipe_.probe, .seed = recipe_.train.seed};
  const std::string key = digest({{"model", source.model_sha256},
                                  {"probe", to_json(source.options)},
                                  {"seed", source.seed},
                                  {"version", version()}});
  const std::filesystem::path path = path_of(ModelFile::kProbe, index, key);
  if (!std::filesystem::exists(path)) {
    const Stopwatch watch;
    const CausalLm network = CausalLm::load(model.checkpoint, *model.family, progress_, files_.load);
    write_probe(path, network, source, base_name(model.directory), watch, progress_);
  }
  const ModelConfig& config = model.family->config();
  ProbeFile file = ProbeFile::open(path);
  file.require(source, "start anew without --resume, or give the same models, recipe and seed");
  file.require_sizes(config.num_hidden_layers, config.intermediate_size);
  return file;
}

SavedFeatures Measurements::features(const TrainingModel& model, std::size_t index) const {
  const std::string key = features_key(model, features_);
  return features_from(path_of(ModelFile::kFeatures, index, key), key, model, features_, progress_);
}

std::filesystem::path Measurements::path_of(ModelFile file, std::size_t index, const std::string& key) const {
  const std::filesystem::path& shared = files_.shared_directory;
  return shared.empty() ? directory_.model_file(file, index) : shared / keyed_name(file, key);
}

SavedFeatures model_features(const TrainingModel& model, const std::filesystem::path& shared_directory,
                             Progress& progress, const FeatureRegistry& features) {
  const std::string key = features_key(model, features);
  return features_from(shared_directory / keyed_name(ModelFile::kFeatures, key), key, model, features, progress);
}

}  // namespace prunenet
