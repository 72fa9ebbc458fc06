#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/family/family.h"

namespace prunenet {

/// The linear maps of a decoder layer, under the names that PEFT's users know from LLaMA. Where an architecture keeps
/// several in one tensor they are still told apart: `q_proj` of GPT-2 is a third of the outputs of `c_attn`.
enum class Projection { kQ, kK, kV, kO, kGate, kUp, kDown };

inline constexpr std::array<Projection, 7> kProjections = {Projection::kQ,   Projection::kK,    Projection::kV,
                                                           Projection::kO,   Projection::kGate, Projection::kUp,
                                                           Projection::kDown};

/// "q_proj"
[[nodiscard]] std::string_view to_string(Projection projection);

/// In the order of `kProjections`, each once. Throws Error(kInvalidArgument) for a name that is none of the seven,
/// listing them, and for no name at all.
[[nodiscard]] std::vector<Projection> parse_projections(std::span<const std::string> names);

/// Where a checkpoint keeps it; a place that does not exist where the architecture lacks it (a gate, say).
[[nodiscard]] LinearPlace place_of(const Family& family, std::int64_t layer, Projection projection);

}  // namespace prunenet
