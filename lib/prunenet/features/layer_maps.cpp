#include "prunenet/features/layer_maps.h"

#include <utility>

namespace prunenet {

namespace {

LinearMap map_to_double(LinearWeights& map) {
  const LinearWeights freed_at_the_end = std::move(map);
  return {freed_at_the_end.weight.cast<double>(), freed_at_the_end.bias.cast<double>()};
}

}  // namespace

NormMap to_double(const NormWeights& norm) {
  return {norm.gain.cast<double>(), norm.bias.cast<double>()};
}

LayerMaps to_double(LayerWeights&& weights) {
  LayerWeights parts = std::move(weights);
  LayerMaps maps;
  maps.attention_norm = to_double(parts.attention_norm);
  maps.q = map_to_double(parts.q);
  maps.k = map_to_double(parts.k);
  maps.v = map_to_double(parts.v);
  maps.o = map_to_double(parts.o);
  maps.attention_post_norm = to_double(parts.attention_post_norm);
  maps.ffn_norm = to_double(parts.ffn_norm);
  maps.gate = map_to_double(parts.gate);
  maps.up = map_to_double(parts.up);
  maps.down = map_to_double(parts.down);
  maps.ffn_post_norm = to_double(parts.ffn_post_norm);
  return maps;
}

}  // namespace prunenet
