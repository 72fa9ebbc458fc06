#pragma once

#include <string>
#include <vector>

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/planner.h"

namespace prunenet {

/// How the products w dL/dw of a vector of weights become one number.
enum class Taylor {
  kParamFirst,  ///< sum |w dL/dw|
  kVectorize,   ///< |sum w dL/dw|
};

/// First-order importance of every layer's neurons, [I] each (Ma et al. 2023, "LLM-Pruner: on the structural pruning of
/// large language models"; horseee/LLM-Pruner, LLMPruner/pruner/hf_llama_pruner.py, TaylorImportance with reduction
/// `sum`): a neuron's gate row, up row and down column are one coupled structure, and their three numbers are added.
///
/// L is the mean negative log-likelihood of the calibration tokens ids [B, T]; its gradient is summed over all
/// sequences before absolute values are taken, as in the published code. Biases do not count, as there. Memory: one
/// more copy of the FFN weights, and all activations of a batch of sequences, with H T^2 floats a layer and sequence
/// for attention.
[[nodiscard]] std::vector<torch::Tensor> taylor_importance(const CausalLm& network, const torch::Tensor& ids,
                                                           Taylor taylor, Progress& progress);

/// `llm-pruner`; taylor: param_first (default) or vectorize.
[[nodiscard]] std::unique_ptr<Planner> make_llm_pruner_planner(const MethodOptions& options, const PlannerModel& model,
                                                               const torch::Tensor& calibration);

}  // namespace prunenet
