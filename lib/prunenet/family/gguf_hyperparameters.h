#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/checkpoint/gguf_pairs.h"
#include "prunenet/family/family.h"
#include "prunenet/family/gguf_architecture.h"

namespace prunenet {

/// Parameters of LLaMA 3's rotary scaling, of which files hold the outcome only; written where they are not 1 and 4.
inline constexpr const char* kGgufLowFreqFactor = "rope.scaling.low_freq_factor";
inline constexpr const char* kGgufHighFreqFactor = "rope.scaling.high_freq_factor";

/// llama.cpp's LLaMA with a width for each layer.
inline constexpr std::string_view kGgufDeci = "deci";

/// What `kGgufDeci` keeps a layer each: widths, and the numbers of heads.
void set_gguf_widths(const ModelConfig& config, const std::vector<std::int64_t>& widths, GgufPairs& pairs);

/// Sizes, norms, rotary embeddings and multipliers of a model under the keys of its GGUF architecture
/// ("llama.block_count").
void set_gguf_hyperparameters(const Family& family, const GgufArchitecture& architecture, GgufPairs& pairs);

/// What the model has and readers of the file will leave out, in sentences: sliding windows of architectures without
/// them.
[[nodiscard]] std::vector<std::string> lost_in_gguf(const Family& family, const GgufArchitecture& architecture);

}  // namespace prunenet
