#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "prunenet/probe/probe.h"
#include "prunenet/train/trainer.h"

namespace prunenet {

/// The work directory of one training: probes and the trainer's state, each a safetensors file whose metadata carries
/// the `key` (digest of models and recipe) that it belongs to. Writes are atomic.
class TrainingDirectory {
 public:
  /// Creates the directory. Without `resume`, what an earlier training left there is removed.
  /// Throws Error(kIo) where it cannot be created.
  TrainingDirectory(std::filesystem::path directory, std::string key, bool resume);

  /// Throw Error(kMismatch) where a file is of another key, Error(kBadInput) where it is damaged; nothing where absent.
  [[nodiscard]] std::optional<Probe> load_probe(std::size_t model) const;
  [[nodiscard]] std::optional<TrainerState> load_state() const;
  /// Throw Error(kOutOfSpace) or Error(kIo).
  void save_probe(std::size_t model, const Probe& probe) const;
  void save_state(const TrainerState& state) const;

 private:
  [[nodiscard]] std::filesystem::path probe_path(std::size_t model) const;
  [[nodiscard]] std::filesystem::path state_path() const;
  void check_key(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata) const;

  std::filesystem::path directory_;
  std::string key_;
};

}  // namespace prunenet
