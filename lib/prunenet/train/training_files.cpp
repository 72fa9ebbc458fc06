#include "prunenet/train/training_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/named_values.h"
#include "prunenet/core/system_error.h"
#include "prunenet/train/host_tensor.h"
#include "prunenet/train/model_files.h"

namespace prunenet {

namespace {

constexpr const char* kStateFile = "state.safetensors";
constexpr NamedValues<ModelFile, 3> kModelFiles{
    {{ModelFile::kProbe, "probe"}, {ModelFile::kFeatures, "features"}, {ModelFile::kText, "text"}}};
constexpr const char* kExtension = ".safetensors";

/// Those of a training, and what a killed one left unfinished of them.
std::vector<std::filesystem::path> training_files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code status;
  for (std::filesystem::directory_iterator item(directory, status), end; !status && item != end;
       item.increment(status)) {
    std::string name = item->path().filename().string();
    const std::size_t unfinished = name.find(std::string(kExtension) + ".tmp-");
    if (name.starts_with('.') && unfinished != std::string::npos) {
      name = name.substr(1, unfinished + std::string_view(kExtension).size() - 1);
    }
    const bool of_a_model = std::ranges::any_of(
        kModelFiles, [&name](const auto& file) { return name.starts_with(fmt::format("{}-", file.second)); });
    if (name == kStateFile || (of_a_model && name.ends_with(kExtension))) {
      files.push_back(item->path());
    }
  }
  return files;
}

}  // namespace

std::string_view to_string(ModelFile file) {
  return name_of(kModelFiles, file);
}

TrainingDirectory::TrainingDirectory(std::filesystem::path directory, std::string key, bool resume)
    : directory_(std::move(directory)), key_(std::move(key)) {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) throw_system_error(directory_, "the work directory cannot be made", error.value());
  lock_ = lock_directory(directory_);
  if (resume) return;
  for (const std::filesystem::path& file : training_files(directory_)) std::filesystem::remove(file, error);
}

bool has_training_files(const std::filesystem::path& directory) {
  return !training_files(directory).empty();
}

void remove_training_files(const std::filesystem::path& directory) {
  std::error_code ignored;
  for (const std::filesystem::path& file : training_files(directory)) std::filesystem::remove(file, ignored);
  std::filesystem::remove(directory, ignored);  // only where it is empty
}

std::filesystem::path TrainingDirectory::model_file(ModelFile file, std::size_t model) const {
  return directory_ / fmt::format("{}-{}{}", to_string(file), model, kExtension);
}

std::filesystem::path TrainingDirectory::state_path() const {
  return directory_ / kStateFile;
}

std::optional<TrainerState> TrainingDirectory::load_state() const {
  if (!std::filesystem::exists(state_path())) return std::nullopt;
  const SafetensorsFile file = SafetensorsFile::open(state_path());
  check_key(file, key_);
  TrainerState state;
  for (const std::string& name : file.names()) state.tensors[name] = read_tensor(file, name, torch::kFloat32);
  state.text = file.metadata();
  return state;
}

void TrainingDirectory::save_state(const TrainerState& state) const {
  std::map<std::string, HostTensor> tensors;
  for (const auto& [name, tensor] : state.tensors) tensors[name] = to_host_tensor(tensor);
  std::map<std::string, std::string> metadata = state.text;
  metadata["key"] = key_;
  write_safetensors(state_path(), tensors, metadata);
}

}  // namespace prunenet
