#pragma once

#include <cstddef>
#include <vector>

#include "prunenet/core/matrix.h"

namespace prunenet::python {

/// What Python calls Features: those of all layers, I x F each, where NumPy looks at them.
struct FeatureLayers {
  std::vector<MatrixF> layers;
};

}  // namespace prunenet::python
