#pragma once

#include <string_view>

#include "prunenet/family/family.h"

namespace prunenet {

/// What llama.cpp makes of an architecture: its name there, and what its implementation (src/models) can hold.
struct GgufArchitecture {
  std::string_view name;             ///< general.architecture
  std::string_view transformers;     ///< the architecture that an import makes
  std::string_view model_type;       ///< of its config.json
  bool gelu = false;                 ///< activation: GELU in the tanh form; else SiLU
  bool paired_rotary = false;        ///< rows of q and k of a head lie in pairs that are rotated together
  bool block_biases = false;         ///< the attention output and the FFN may have biases
  bool own_head_size = false;        ///< heads x head size may differ from d
  bool llama3_rotary = false;        ///< takes a table of divisors of the rotary frequencies
  bool needs_output = false;         ///< has an output projection of its own, also where it is tied
  bool always_tied = false;          ///< never has one
  bool windows = false;              ///< knows sliding windows, a layer each
  bool granite_multipliers = false;  ///< multipliers of embedding, residual and attention, divisor of logits
};

/// By the name in a GGUF file. Throws Error(kUnsupported) naming those that are known.
[[nodiscard]] const GgufArchitecture& gguf_architecture(std::string_view name);

/// Of a model that is to become a GGUF file. Throws Error(kUnsupported) saying what of it llama.cpp's architecture of
/// that kind does not have: OPT has none at all, Falcon's no biases, and so on.
[[nodiscard]] const GgufArchitecture& gguf_architecture_of(const Family& family);

}  // namespace prunenet
