#pragma once

#include <array>
#include <cstdint>

#include "prunenet/family/family.h"

namespace prunenet {

/// All places of one layer, also those that the architecture lacks.
struct LayerPlaces {
  std::array<LinearPlace, 7> maps;
  std::array<NormPlace, 6> norms;
};

[[nodiscard]] inline LayerPlaces places_of_layer(const Family& family, std::int64_t layer) {
  const AttentionBlock attention = family.attention_block(layer);
  const FfnBlock ffn = family.ffn_block(layer);
  return {.maps = {attention.q, attention.k, attention.v, attention.o, ffn.gate, ffn.up, ffn.down},
          .norms = {attention.norm, attention.q_norm, attention.k_norm, attention.post_norm, ffn.norm, ffn.post_norm}};
}

}  // namespace prunenet
