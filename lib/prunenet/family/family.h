#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/matrix.h"
#include "prunenet/family/model_config.h"

namespace prunenet {

/// Tensor names of one feed-forward block: h = act(G x) * (U x), y = D h. Empty where the block has no such tensor.
struct FfnBlockNames {
  std::string norm;       ///< gain of the norm before the block, [d]
  std::string gate_proj;  ///< G, [I, d]
  std::string up_proj;    ///< U, [I, d]
  std::string down_proj;  ///< D, [d, I]
  std::string gate_bias;  ///< [I]
  std::string up_bias;    ///< [I]
  std::string down_bias;  ///< [d]; not pruned
};

/// Tensor names of one attention block.
struct AttentionBlockNames {
  std::string norm;
  std::string q_proj, k_proj, v_proj, o_proj;
  std::string q_bias, k_bias, v_bias, o_bias;
};

/// The weights of one feed-forward block as floats.
struct FfnWeights {
  VectorF norm;  ///< w, d
  MatrixF gate;  ///< G, I x d
  MatrixF up;    ///< U, I x d
  MatrixF down;  ///< D, d x I
};

/// One architecture: names, shapes and the config field of the width. The algorithm never names an architecture.
class Family {
 public:
  virtual ~Family() = default;
  /// "llama"
  [[nodiscard]] virtual std::string name() const = 0;
  /// Key of the intermediate size in config.json.
  [[nodiscard]] virtual std::string width_field() const = 0;
  [[nodiscard]] virtual const ModelConfig& config() const = 0;
  [[nodiscard]] virtual FfnBlockNames ffn_block(std::int64_t layer) const = 0;
  [[nodiscard]] virtual AttentionBlockNames attention_block(std::int64_t layer) const = 0;
  [[nodiscard]] virtual std::string embedding() const = 0;
  [[nodiscard]] virtual std::string final_norm() const = 0;
  /// The output projection's tensor; the embedding's name where the two are tied.
  [[nodiscard]] virtual std::string output_projection() const = 0;
};

/// Reads config.json and checks that every tensor the architecture needs is there with its shape.
/// Throws Error(kUnsupported) naming the architectures that are known, Error(kMismatch) naming tensor and both shapes,
/// Error(kBadInput) for a missing tensor or a config value outside its range.
[[nodiscard]] std::unique_ptr<Family> make_family(const Checkpoint& checkpoint);

/// Loads block `layer`. Throws what Checkpoint::read_matrix throws.
[[nodiscard]] FfnWeights read_ffn(const Checkpoint& checkpoint, const Family& family, std::int64_t layer);

}  // namespace prunenet
