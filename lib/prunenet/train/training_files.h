#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "prunenet/core/unfinished.h"
#include "prunenet/probe/probe.h"
#include "prunenet/train/trainer.h"

namespace prunenet {

/// What the files of a work directory belong to: digests of all that decides their content.
struct TrainingKeys {
  std::string probe;  ///< of models, probe options and seed
  std::string state;  ///< of models, features and the whole recipe
};

/// The work directory of one training: probes and the trainer's state, each a safetensors file whose metadata carries
/// its key. Writes are atomic. One run works in it at a time.
class TrainingDirectory {
 public:
  /// Creates the directory. Without `resume`, the files of an earlier training there are removed, and nothing else.
  /// Throws Error(kAlreadyExists) where another run works in it, Error(kIo) where it cannot be created.
  TrainingDirectory(std::filesystem::path directory, TrainingKeys keys, bool resume);

  /// Throw Error(kMismatch) where a file is of another key, Error(kBadInput) where it is damaged; nothing where absent.
  /// A probe is of a model of `layers` layers with `neurons` neurons each.
  [[nodiscard]] std::optional<Probe> load_probe(std::size_t model, std::int64_t layers, std::int64_t neurons) const;
  [[nodiscard]] std::optional<TrainerState> load_state() const;
  /// Throw Error(kOutOfSpace) or Error(kIo).
  void save_probe(std::size_t model, const Probe& probe) const;
  void save_state(const TrainerState& state) const;

 private:
  [[nodiscard]] std::filesystem::path probe_path(std::size_t model) const;
  [[nodiscard]] std::filesystem::path state_path() const;

  std::filesystem::path directory_;
  TrainingKeys keys_;
  Descriptor lock_;
};

/// Whether a directory holds files of a training that can be resumed.
[[nodiscard]] bool has_training_files(const std::filesystem::path& directory);

/// Removes the files of a training, and the directory where nothing else is in it.
void remove_training_files(const std::filesystem::path& directory);

}  // namespace prunenet
