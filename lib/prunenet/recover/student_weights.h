#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "prunenet/model/decoder_weights.h"
#include "prunenet/model/layer_store.h"
#include "prunenet/recover/options.h"
#include "prunenet/recover/projection.h"

namespace prunenet {

/// The two factors of W + scale * B A. Undefined where a projection has none.
struct LoraFactors {
  torch::Tensor a;  ///< A, [rank, inputs]
  torch::Tensor b;  ///< B, [outputs, rank]
};

[[nodiscard]] torch::ScalarType scalar_type(Precision precision);

/// The decoder layers of a student, of which some projections can be trained: a CausalLm over them is differentiable
/// with respect to `parameters()`.
///
/// What the model reads is the effective weight, W or W + (alpha / rank) B A, made when a layer is asked for: the
/// forward pass knows nothing of training, so every family can be trained, and what is merged is what was trained. A
/// starts uniform in +-1 / sqrt(inputs), as PEFT has it, and B with zeros: the student starts as it was, bit for bit.
class StudentWeights final : public LayerStore {
 public:
  /// Takes the layers as they are loaded. Projections that the architecture lacks are passed over. Throws
  /// Error(kInvalidArgument) where that leaves none to train.
  StudentWeights(std::vector<DecoderLayerWeights> layers, const ModelConfig& config, const RecoverOptions& options);

  /// Differentiable where gradients are recorded. Matrices are in the precision of the options.
  [[nodiscard]] DecoderLayerWeights layer(std::int64_t layer) const override;

  /// All that is trained, as "layer3_gate_proj_weight", or "..._lora_a" and "..._lora_b".
  [[nodiscard]] torch::nn::Module& parameters() const { return *parameters_; }
  [[nodiscard]] std::int64_t parameter_count() const;
  /// Those of them that layers have.
  [[nodiscard]] const std::vector<Projection>& trained() const { return trained_; }

  /// The effective weight of a projection, [outputs, inputs]; no gradient.
  [[nodiscard]] torch::Tensor merged(std::int64_t layer, Projection projection) const;
  [[nodiscard]] LoraFactors factors(std::int64_t layer, Projection projection) const;
  [[nodiscard]] double scale() const { return scale_; }

 private:
  /// Some rows of one of DecoderLayerWeights' matrices.
  struct Part {
    Projection projection = Projection::kDown;
    torch::Tensor weight;  ///< [outputs, inputs]; a parameter where all of it is trained
    LoraFactors lora;
  };
  using Parts = std::vector<Part>;
  struct Layer {
    DecoderLayerWeights frozen;  ///< without the four below
    Parts qkv, output, gate_up, down;
  };

  [[nodiscard]] torch::Tensor effective(const Part& part) const;
  [[nodiscard]] torch::Tensor fused(const Parts& parts) const;
  [[nodiscard]] const Part& part(std::int64_t layer, Projection projection) const;
  Parts split(std::int64_t layer, const torch::Tensor& rows, const std::vector<std::pair<Projection, std::int64_t>>& of,
              const RecoverOptions& options);

  std::shared_ptr<torch::nn::Module> parameters_;
  std::vector<Projection> trained_;
  std::vector<Layer> layers_;
  double scale_;
  torch::ScalarType compute_;
};

}  // namespace prunenet
