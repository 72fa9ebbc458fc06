#pragma once

#include "prunenet/features/feature_table.h"
#include "prunenet/features/neuron_block.h"

namespace prunenet {

/// What a neuron's three vectors look like by themselves: norms, angles between them, moments of their entries.
void add_shape_features(const NeuronBlock& block, FeatureTable& table);

}  // namespace prunenet
