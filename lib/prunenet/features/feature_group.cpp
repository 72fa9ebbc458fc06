#include "prunenet/features/feature_group.h"

namespace prunenet {

void FeatureGroup::add_embedding(std::int64_t /*first*/, const MatrixF& /*words*/) {}

void FeatureGroup::pass_attention(const AttentionMap& /*attention*/) {}

void FeatureGroup::begin_ffn(const FfnLayer& /*layer*/, FeatureTable& /*table*/) {}

void FeatureGroup::finish_ffn(const FfnLayer& /*layer*/) {}

}  // namespace prunenet
