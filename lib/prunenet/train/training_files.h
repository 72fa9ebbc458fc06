#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "prunenet/core/unfinished.h"
#include "prunenet/train/trainer.h"

namespace prunenet {

/// What is computed of a model and kept: its probe, its features, the text that it sampled.
enum class ModelFile { kProbe, kFeatures, kText };

/// "probe", "features", "text".
[[nodiscard]] std::string_view to_string(ModelFile file);

/// The work directory of one training: the trainer's state and what was computed of the models (model_files.h), each a
/// safetensors file whose metadata carries a digest of all that decides its content. Writes are atomic. One run works
/// in it at a time.
class TrainingDirectory {
 public:
  /// Creates the directory. `key` is the state's: of models, features and the whole recipe. Without `resume`, the files
  /// of an earlier training there are removed, and nothing else. Throws Error(kAlreadyExists) where another run works
  /// in it, Error(kIo) where it cannot be created.
  TrainingDirectory(std::filesystem::path directory, std::string key, bool resume);

  /// Where the file of model number `model` lies.
  [[nodiscard]] std::filesystem::path model_file(ModelFile file, std::size_t model) const;
  /// Throws Error(kMismatch) where the file is of another key, Error(kBadInput) where it is damaged; nothing where
  /// absent.
  [[nodiscard]] std::optional<TrainerState> load_state() const;
  /// Throws Error(kOutOfSpace) or Error(kIo).
  void save_state(const TrainerState& state) const;

 private:
  [[nodiscard]] std::filesystem::path state_path() const;

  std::filesystem::path directory_;
  std::string key_;
  Descriptor lock_;
};

/// Whether a directory holds files of a training that can be resumed.
[[nodiscard]] bool has_training_files(const std::filesystem::path& directory);

/// Removes the files of a training, and the directory where nothing else is in it.
void remove_training_files(const std::filesystem::path& directory);

}  // namespace prunenet
