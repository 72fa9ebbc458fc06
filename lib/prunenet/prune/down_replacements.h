#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/matrix.h"
#include "prunenet/family/family.h"
#include "prunenet/plan/plan.h"

namespace prunenet {

/// How an output holds the down projection of one layer.
struct StoredDown {
  /// What is left of values in the output's element type. Throws Error(kNumerical) naming `name` where it does not hold
  /// one.
  using Rounding = std::function<std::vector<float>(const std::string& name, std::span<const float> values)>;
  std::string weight = {};  ///< tensor names
  std::string bias = {};    ///< empty: none
  bool transposed = false;  ///< the weight is stored k x d
  Rounding round_weight = {};
  Rounding round_bias = {};
};

/// A layer each, of what `prune_checkpoint` and `prune_gguf` write.
[[nodiscard]] std::vector<StoredDown> stored_downs(const Checkpoint& checkpoint, const Family& family);
[[nodiscard]] std::vector<StoredDown> stored_downs(const GgufFile& file, const Family& family, const Plan& plan);

/// Of weights and biases.
[[nodiscard]] std::set<std::string> tensor_names(const std::vector<StoredDown>& downs);

/// Writes the file of `PruneOptions::replacements` for new down projections, a layer at a time: complete or absent.
class DownReplacementWriter {
 public:
  /// `plan` says how wide the layers are. Throws what SafetensorsWriter throws.
  DownReplacementWriter(const std::filesystem::path& file, std::vector<StoredDown> downs, const Plan& plan,
                        std::int64_t hidden_size);

  /// Bytes that it will have.
  [[nodiscard]] static std::uint64_t bytes(const std::vector<StoredDown>& downs, const Plan& plan,
                                           std::int64_t hidden_size);

  /// What the output will hold of a projection `weight` (d x k) and its `bias` (d, or empty).
  void round(std::size_t layer, MatrixF& weight, VectorF& bias) const;
  /// In the order of the layers.
  void write(std::size_t layer, const MatrixF& weight, const VectorF& bias);
  void finish() { writer_.finish(); }

 private:
  std::vector<StoredDown> downs_;
  SafetensorsWriter writer_;
};

}  // namespace prunenet
