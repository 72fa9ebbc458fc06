#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "prunenet/family/model_config.h"

namespace prunenet {

/// The LLaMA-like architectures, which differ by where attention has biases and by sliding windows.
enum class LlamaVariant { kLlama, kMistral, kQwen2 };

/// Reads a LLaMA-like config.json: required sizes, transformers' defaults for everything else, `rope_scaling` as well
/// as `rope_parameters` (transformers 5). `file` is named in errors.
///
/// Throws Error(kBadInput) for a missing key or a value outside its range, and Error(kUnsupported) for what the forward
/// pass does not compute: other activations and rotary scalings, sliding windows, quantised weights.
[[nodiscard]] ModelConfig read_llama_config(const nlohmann::json& config, LlamaVariant variant,
                                            const std::string& architecture, const std::string& file);

}  // namespace prunenet
