#pragma once

#include <memory>

#include "prunenet/family/family.h"
#include "prunenet/family/llama_config.h"

namespace prunenet {

/// The LLaMA naming of tensors ("model.layers.0.mlp.gate_proj.weight").
class LlamaFamily final : public Family {
 public:
  LlamaFamily(ModelConfig config, LlamaVariant variant) : config_(std::move(config)), variant_(variant) {}

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::string width_field() const override { return "intermediate_size"; }
  [[nodiscard]] const ModelConfig& config() const override { return config_; }
  [[nodiscard]] FfnBlockNames ffn_block(std::int64_t layer) const override;
  [[nodiscard]] AttentionBlockNames attention_block(std::int64_t layer) const override;
  [[nodiscard]] std::string embedding() const override { return "model.embed_tokens.weight"; }
  [[nodiscard]] std::string final_norm() const override { return "model.norm.weight"; }
  [[nodiscard]] std::string output_projection() const override;

 private:
  ModelConfig config_;
  LlamaVariant variant_;
};

}  // namespace prunenet
