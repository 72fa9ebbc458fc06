#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "prunenet/family/model_config.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// A text cut into windows of equal length, as the GPTQ, SliceGPT, FLAP and PruneNet papers do: the file is tokenised
/// in one piece without added special tokens, and cut into windows that do not overlap; a last, shorter one is left
/// out.
struct TextWindows {
  torch::Tensor ids;             ///< [windows, context] int64
  std::int64_t text_tokens = 0;  ///< of the whole file
  std::string sha256;            ///< of the file
};

struct WindowOptions {
  std::int64_t context = 2048;  ///< tokens a window; capped by the model's own limit
  std::int64_t windows = 0;     ///< only the first so many; 0: all
};

/// Throws Error(kInvalidArgument) for a context below 2, a negative number of windows, or a text shorter than one
/// window; Error(kBadInput) where the file cannot be read.
[[nodiscard]] TextWindows cut_windows(const ModelConfig& config, const Tokenizer& tokenizer,
                                      const std::filesystem::path& file, const WindowOptions& options);

/// The first `windows` windows of `context` tokens, [windows, context] int64: what a method with calibration data looks
/// at. Throws what `cut_windows` throws, and Error(kInvalidArgument) where the text is shorter, or the context longer
/// than the model's own limit: fewer tokens than asked for would be another experiment.
[[nodiscard]] torch::Tensor calibration_windows(const ModelConfig& config, const Tokenizer& tokenizer,
                                                const std::filesystem::path& file, std::int64_t windows,
                                                std::int64_t context);

}  // namespace prunenet
