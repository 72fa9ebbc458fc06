#pragma once

#include <string>

#include "prunenet/core/matrix.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/layer_view.h"

namespace prunenet {

/// What a neuron adds beyond the others, under an estimate H (I x I) of E[h h^T]: statistics of the coupling
/// K = (D^T D) o H, whose quadratic form is the energy that a removal costs. With the neurons scaled to unit energy
/// (K~, diagonal 1), 1 / [(K~ + 0.1)^-1]_ii is the share of neuron i that a ridge regression on all others leaves
/// unexplained (Hassibi and Stork 1993, "Optimal brain surgeon", in the space of outputs), and row sums say how much it
/// moves with them. A neuron without energy is explained by none and explains none. Costs one Cholesky factorisation of
/// side I; throws Error(kNumerical) where there is none.
void add_coupling_features(const std::string& name, const LayerView& view, MatrixD second_moment, FeatureTable& table);

}  // namespace prunenet
