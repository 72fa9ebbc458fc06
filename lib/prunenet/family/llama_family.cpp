#include "prunenet/family/llama_family.h"

#include <fmt/format.h>

namespace prunenet {

std::string LlamaFamily::name() const {
  switch (variant_) {
    case LlamaVariant::kMistral:
      return "mistral";
    case LlamaVariant::kQwen2:
      return "qwen2";
    case LlamaVariant::kLlama:
      break;
  }
  return "llama";
}

FfnBlockNames LlamaFamily::ffn_block(std::int64_t layer) const {
  const std::string prefix = fmt::format("model.layers.{}.", layer);
  FfnBlockNames names;
  names.norm = prefix + "post_attention_layernorm.weight";
  names.gate_proj = prefix + "mlp.gate_proj.weight";
  names.up_proj = prefix + "mlp.up_proj.weight";
  names.down_proj = prefix + "mlp.down_proj.weight";
  if (config_.mlp_bias) {
    names.gate_bias = prefix + "mlp.gate_proj.bias";
    names.up_bias = prefix + "mlp.up_proj.bias";
    names.down_bias = prefix + "mlp.down_proj.bias";
  }
  return names;
}

AttentionBlockNames LlamaFamily::attention_block(std::int64_t layer) const {
  const std::string prefix = fmt::format("model.layers.{}.", layer);
  AttentionBlockNames names;
  names.norm = prefix + "input_layernorm.weight";
  names.q_proj = prefix + "self_attn.q_proj.weight";
  names.k_proj = prefix + "self_attn.k_proj.weight";
  names.v_proj = prefix + "self_attn.v_proj.weight";
  names.o_proj = prefix + "self_attn.o_proj.weight";
  if (config_.attention_bias) {
    names.q_bias = prefix + "self_attn.q_proj.bias";
    names.k_bias = prefix + "self_attn.k_proj.bias";
    names.v_bias = prefix + "self_attn.v_proj.bias";
    // Qwen2 alone has no bias on the output projection.
    if (variant_ != LlamaVariant::kQwen2) names.o_bias = prefix + "self_attn.o_proj.bias";
  }
  return names;
}

std::string LlamaFamily::output_projection() const {
  return config_.tie_word_embeddings ? embedding() : "lm_head.weight";
}

}  // namespace prunenet
