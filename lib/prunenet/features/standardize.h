#pragma once

#include "prunenet/core/matrix.h"

namespace prunenet {

/// Each column minus its mean over its standard deviation, clamped to [-4, 4]. Columns that are constant but for
/// rounding (a deviation of at most 1e-8, or 1e-6 of the largest magnitude), and single rows, become 0.
/// So a feature means the same in every layer and every model of a family.
[[nodiscard]] MatrixD z_scores(const MatrixD& columns);

/// Each column's ranks spread evenly over [-1, 1]; equal values keep their order of rows.
[[nodiscard]] MatrixD rank_scores(const MatrixD& columns);

}  // namespace prunenet
