#include "prunenet/train/training_model.h"

#include <span>
#include <utility>

#include "prunenet/core/base_name.h"
#include "prunenet/core/sha256.h"
#include "prunenet/family/gguf_store.h"

namespace prunenet {

std::string weights_sha256(const Checkpoint& checkpoint) {
  std::string digests;
  for (const std::string& shard : checkpoint.shards()) digests += sha256_file(checkpoint.directory() / shard) + "\n";
  return sha256_hex(std::as_bytes(std::span(digests)));
}

TrainingModel open_hashed_model(const std::filesystem::path& directory, const FamilyRegistry& families) {
  Checkpoint checkpoint = open_checkpoint(directory);
  std::unique_ptr<Family> family = make_family(checkpoint, families);
  std::string sha256 = weights_sha256(checkpoint);
  return {directory, std::move(checkpoint), std::move(family), std::move(sha256)};
}

TrainingModel open_training_model(const std::filesystem::path& directory, const FamilyRegistry& families) {
  TrainingModel model = open_hashed_model(directory, families);
  require_one_width(model.family->config());
  return model;
}

nlohmann::json describe(const TrainingModel& model) {
  const ModelConfig& config = model.family->config();
  nlohmann::json description = {{"name", base_name(model.directory)},
                                {"sha256", model.sha256},
                                {"architecture", config.architecture},
                                {"hidden_size", config.hidden_size},
                                {"intermediate_size", config.intermediate_size},
                                {"num_hidden_layers", config.num_hidden_layers}};
  if (!config.layer_widths.empty()) description["intermediate_sizes"] = config.layer_widths;
  return description;
}

nlohmann::json describe(const std::vector<TrainingModel>& models) {
  nlohmann::json list = nlohmann::json::array();
  for (const TrainingModel& model : models) list.push_back(describe(model));
  return list;
}

std::string digest(const nlohmann::json& value) {
  const std::string text = value.dump();
  return sha256_hex(std::as_bytes(std::span(text)));
}

}  // namespace prunenet
