#include "prunenet/train/training_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/error.h"
#include "prunenet/core/system_error.h"
#include "prunenet/train/host_tensor.h"
#include "prunenet/train/model_files.h"

namespace prunenet {

namespace {

constexpr const char* kStateFile = "state.safetensors";
constexpr std::array<const char*, 3> kModelPrefixes = {"probe-", "features-", "text-"};
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
    const bool of_a_model = std::any_of(kModelPrefixes.begin(), kModelPrefixes.end(),
                                        [&name](const char* prefix) { return name.starts_with(prefix); });
    if (name == kStateFile || (of_a_model && name.ends_with(kExtension))) {
      files.push_back(item->path());
    }
  }
  return files;
}

}  // namespace

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

std::filesystem::path TrainingDirectory::model_file(std::string_view what, std::size_t model) const {
  return directory_ / fmt::format("{}-{}{}", what, model, kExtension);
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
