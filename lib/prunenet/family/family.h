#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/matrix.h"
#include "prunenet/family/model_config.h"
#include "prunenet/family/places.h"
#include "prunenet/family/weight_source.h"

namespace prunenet {

/// One feed-forward block: h = act(G x) * (U x), or h = act(U x + b) without a gate; y = D h.
struct FfnBlock {
  NormPlace norm;       ///< of the stream before the block; none where blocks read the stream as it is
  LinearPlace gate;     ///< G, I x d
  LinearPlace up;       ///< U, I x d
  LinearPlace down;     ///< D, d x I; its bias is not pruned
  NormPlace post_norm;  ///< see ModelConfig::post_norm_on_stream
};

/// One attention block. Query and key norms act on each head where their size is head_dim, else on all heads at once.
struct AttentionBlock {
  NormPlace norm;       ///< of the stream before the block
  LinearPlace q;        ///< heads * head_dim x d
  LinearPlace k;        ///< kv_heads * head_dim x d
  LinearPlace v;        ///< kv_heads * head_dim x d
  LinearPlace o;        ///< d x heads * head_dim
  NormPlace q_norm;     ///< of queries; none in most architectures
  NormPlace k_norm;     ///< of keys; likewise
  NormPlace post_norm;  ///< see ModelConfig::post_norm_on_stream
};

/// The weights of one feed-forward block as floats.
struct FfnWeights {
  MatrixF gate;  ///< G, I x d; empty in a block without a gate
  MatrixF up;    ///< U, I x d
  MatrixF down;  ///< D, d x I
};

/// One architecture: where its tensors lie, and the config field of the width. The algorithm never names one.
class Family {
 public:
  /// config: what the model computes, as its config.json says.
  explicit Family(ModelConfig config) : config_(std::move(config)) {}
  virtual ~Family() = default;

  /// "llama"
  [[nodiscard]] virtual std::string name() const = 0;
  /// Key of the intermediate size in config.json.
  [[nodiscard]] virtual std::string width_field() const { return "intermediate_size"; }
  /// Names and shapes of one layer's FFN.
  [[nodiscard]] virtual FfnBlock ffn_block(std::int64_t layer) const = 0;
  /// And of its attention.
  [[nodiscard]] virtual AttentionBlock attention_block(std::int64_t layer) const = 0;
  /// [vocabulary, e]; e is d but where there is an `embedding_projection`.
  [[nodiscard]] virtual std::string embedding() const = 0;
  /// d x e; none in most architectures.
  [[nodiscard]] virtual LinearPlace embedding_projection() const { return {}; }
  /// [positions + offset, d]; empty where positions are rotary.
  [[nodiscard]] virtual std::string position_embedding() const { return {}; }
  /// None where blocks end in norms of their own.
  [[nodiscard]] virtual NormPlace final_norm() const = 0;
  /// e x d, between the final norm and the output projection; none in most architectures.
  [[nodiscard]] virtual LinearPlace output_reduction() const { return {}; }
  /// The output projection's own tensor, where it is not tied to the embedding.
  [[nodiscard]] virtual std::string output_matrix() const { return "lm_head.weight"; }
  /// [vocabulary]; empty in most architectures.
  [[nodiscard]] virtual std::string output_bias() const { return {}; }
  /// Tensors that checkpoints of this architecture may hold without a use here, such as masks; "{}" stands for the
  /// layer.
  [[nodiscard]] virtual std::vector<std::string> unused_tensors() const { return {}; }

  /// As it was read.
  [[nodiscard]] const ModelConfig& config() const { return config_; }
  /// Vocabulary x e; the embedding's tensor where the two are tied.
  [[nodiscard]] LinearPlace output_projection() const;
  /// e of the embedding: d but where there is an `embedding_projection`.
  [[nodiscard]] std::int64_t word_size() const;
  /// Rows of the position embedding.
  [[nodiscard]] std::int64_t position_rows() const { return config_.max_position_embeddings + config_.position_offset; }

 private:
  ModelConfig config_;
};

/// Reads config.json and checks that every tensor the architecture needs is there with its shape.
/// Throws Error(kUnsupported) naming the architectures that are known, Error(kMismatch) naming tensor and both shapes,
/// Error(kBadInput) for a missing tensor or a config value outside its range.
[[nodiscard]] std::unique_ptr<Family> make_family(const Checkpoint& checkpoint);

/// From a config alone; `where` stands in messages. Tensors are neither looked for nor checked.
[[nodiscard]] std::unique_ptr<Family> make_family(const nlohmann::json& config, const std::string& where);

/// outputs x inputs. Throws what Checkpoint::read_matrix throws, Error(kMismatch) where the tensor has another shape.
[[nodiscard]] MatrixF read_weight(const Checkpoint& checkpoint, const LinearPlace& place);
/// outputs; empty where the map has no bias.
[[nodiscard]] VectorF read_bias(const Checkpoint& checkpoint, const LinearPlace& place);
/// The gain with the offset that the family adds to it. Empty where there is no such norm.
[[nodiscard]] NormWeights read_norm(const Checkpoint& checkpoint, const Family& family, const NormPlace& place);

/// Loads block `layer`. Throws what read_weight throws.
[[nodiscard]] FfnWeights read_ffn(const Checkpoint& checkpoint, const Family& family, std::int64_t layer);

/// Numbers that go with one neuron: its rows, its column, its biases.
[[nodiscard]] std::int64_t parameters_per_neuron(const FfnBlock& block);

/// Multiply-accumulates that one more token costs with FFNs of these widths, a layer each: one for every number of
/// every matrix that it is multiplied by, the output projection's included. Attention scores, which grow with the
/// context, are not counted.
[[nodiscard]] std::int64_t multiply_accumulates(const Family& family, std::span<const std::int64_t> widths);

}  // namespace prunenet
