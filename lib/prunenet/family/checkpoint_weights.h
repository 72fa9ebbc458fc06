#pragma once

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"
#include "prunenet/family/weight_source.h"

namespace prunenet {

/// Weights read from a checkpoint as they are asked for; an FFN block keeps what LinearReader says of its maps, and
/// nothing else is kept. Both references must outlive the object.
class CheckpointWeights final : public WeightSource {
 public:
  /// Of a checkpoint of this family; both outlive it.
  CheckpointWeights(const Checkpoint& checkpoint, const Family& family) : checkpoint_(checkpoint), family_(family) {}

  [[nodiscard]] const ModelConfig& config() const override { return family_.config(); }
  /// Throws what Checkpoint::read_matrix throws, as do the other members.
  [[nodiscard]] AttentionWeights attention(std::int64_t layer) const override;
  [[nodiscard]] FfnBlockWeights ffn(std::int64_t layer) const override;
  void visit_embedding(const RowVisitor& visit) const override;
  [[nodiscard]] MatrixF embedding() const;          ///< vocabulary x d
  [[nodiscard]] MatrixF output_projection() const;  ///< vocabulary x d

 private:
  [[nodiscard]] LinearWeights linear(const LinearPlace& place) const;
  [[nodiscard]] NormWeights norm(const NormPlace& place) const;

  const Checkpoint& checkpoint_;
  const Family& family_;
};

}  // namespace prunenet
