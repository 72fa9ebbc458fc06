#include "prunenet/family/fused_qkv.h"

namespace prunenet {

void place_fused_qkv(const LinearPlace& fused, const ModelConfig& config, QkvOrder order, AttentionBlock& block) {
  const std::int64_t c = config.head_dim;
  const std::int64_t queries = config.num_attention_heads * c;
  const std::int64_t keys = config.num_key_value_heads * c;
  const std::int64_t in_group = queries / config.num_key_value_heads;  // outputs of the query heads of one group
  const auto part = [&](std::int64_t outputs, std::int64_t in_turn, std::int64_t by_group, std::int64_t block_size) {
    LinearPlace place = fused;
    place.outputs = outputs;
    place.pattern = order == QkvOrder::kInTurn ? OutputPattern{.offset = in_turn}
                                               : OutputPattern{by_group, block_size, in_group + 2 * c};
    return place;
  };
  block.q = part(queries, 0, 0, in_group);
  block.k = part(keys, queries, in_group, c);
  block.v = part(keys, queries + keys, in_group + c, c);
}

}  // namespace prunenet
