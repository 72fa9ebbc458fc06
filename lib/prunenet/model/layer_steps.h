#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "prunenet/model/causal_lm.h"

namespace prunenet {

/// One forward pass that its caller drives layer by layer, to decide what of it records a gradient and what is kept.
/// The numbers are those of `CausalLm::final_states`. The model must outlive the object.
class LayerSteps {
 public:
  /// ids [B, T]. Throws what `CausalLm::final_states` throws for them.
  LayerSteps(const CausalLm& model, const torch::Tensor& ids);

  /// The embedded tokens, [B T, d].
  [[nodiscard]] torch::Tensor start() const;
  /// What a layer makes of `hidden` [B T, d], which stays as it is.
  [[nodiscard]] torch::Tensor layer(std::int64_t layer, const torch::Tensor& hidden, const FfnHook& hook = {}) const;
  /// The final norm.
  [[nodiscard]] torch::Tensor finish(const torch::Tensor& hidden) const;

 private:
  const CausalLm& model_;
  torch::Tensor ids_;  ///< [B T]
  RowLayout layout_;
  CausalLm::Positions positions_;
};

}  // namespace prunenet
