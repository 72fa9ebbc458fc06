#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "prunenet/model/causal_lm.h"
#include "prunenet/model/layer_steps.h"

namespace prunenet {

/// Forward and backward of a model layer by layer, each layer a graph of its own.
///
/// With checkpoints only the input of each layer is kept, and the layer is computed again when its gradient is asked
/// for (Chen et al. 2016, arXiv:1604.06174): memory is that of the states, N d floats a layer, and of one layer's
/// graph. The gradients are the same bit for bit.
class StudentPass {
 public:
  /// Runs ids [B, T] through the model. What requires gradients is held by its layers, or by `hook`. It must outlive
  /// the object.
  StudentPass(const CausalLm& model, const torch::Tensor& ids, bool checkpoints, FfnHook hook = {});

  /// After the final norm, [B T, d]; without gradient.
  [[nodiscard]] const torch::Tensor& states() const { return states_; }

  /// Adds to the gradients of what requires them; `gradient` [B T, d] is that of the loss with respect to states().
  /// Once.
  void backward(torch::Tensor gradient);

 private:
  /// A layer's input, and what became of it where that is kept.
  struct Step {
    torch::Tensor input;
    torch::Tensor output;
  };
  [[nodiscard]] Step run(std::int64_t layer, const torch::Tensor& hidden) const;

  LayerSteps steps_;
  FfnHook hook_;
  std::vector<Step> layers_;
  torch::Tensor last_;  ///< before the final norm
  torch::Tensor states_;
};

/// The states alone: nothing is kept for a gradient.
[[nodiscard]] torch::Tensor student_states(const CausalLm& model, const torch::Tensor& ids);

}  // namespace prunenet
