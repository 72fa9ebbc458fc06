#pragma once

#include <memory>
#include <string>
#include <utility>

#include "prunenet/family/adapters.h"
#include "prunenet/family/decoder_config.h"

namespace prunenet {

/// Which maps have biases.
struct LlamaBiases {
  bool qkv = false;     ///< of query, key and value projections
  bool output = false;  ///< of the output projection
  bool ffn = false;     ///< of all three projections
};

/// The LLaMA naming of tensors ("model.layers.0.mlp.gate_proj.weight"), which many architectures share; they differ in
/// their configs, and by the norms that subclasses add.
class LlamaFamily : public Family {
 public:
  /// name: of the family, "mistral".
  LlamaFamily(std::string name, ModelConfig config, LlamaBiases biases = {})
      : Family(std::move(config)), name_(std::move(name)), biases_(biases) {}

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override;
  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override;
  [[nodiscard]] std::string embedding() const override { return "model.embed_tokens.weight"; }
  [[nodiscard]] NormPlace final_norm() const override { return norm_place("model.norm"); }
  [[nodiscard]] std::vector<std::string> unused_tensors() const override;

 protected:
  /// "model.layers.3."
  [[nodiscard]] static std::string layer_prefix(std::int64_t layer);
  /// Of size d.
  [[nodiscard]] NormPlace norm_place(const std::string& name) const {
    return {name + ".weight", "", config().hidden_size};
  }

 private:
  std::string name_;
  LlamaBiases biases_;
};

/// `attention_bias` for all four maps, `mlp_bias` for the FFN's; both false where the config is silent.
[[nodiscard]] LlamaBiases read_biases(const ConfigFields& fields);

/// What the architectures of this naming have in their configs: sizes, `rms_norm_eps`, `hidden_act`, rotary embeddings,
/// `tie_word_embeddings`.
[[nodiscard]] ModelConfig read_llama_config(const FamilyInput& input, const SizeKeys& keys = {});

}  // namespace prunenet
