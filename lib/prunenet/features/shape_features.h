#pragma once

#include "prunenet/features/feature_table.h"
#include "prunenet/features/layer_view.h"

namespace prunenet {

/// What a neuron's three vectors look like by themselves: norms, angles between them, moments of their entries, and how
/// close the nearest other neuron of the layer is (a neuron with a twin can be spared).
void add_shape_features(const LayerView& view, FeatureTable& table);

}  // namespace prunenet
