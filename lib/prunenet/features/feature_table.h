#pragma once

#include <string>
#include <vector>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// Columns of one layer as the groups compute them, then as the policy reads them.
class FeatureTable {
 public:
  /// Standardised columns: z-scores, and ranks where `ranked`. Values of size I.
  void add(const std::string& name, const VectorD& values, bool ranked = true);
  /// A number that is the same for every neuron of the layer and is read as it is.
  void add_constant(const std::string& name, double value);

  /// z(name) or rank(name) or the name of a constant, in the order of the columns of `assemble`.
  [[nodiscard]] std::vector<std::string> names() const;
  /// I x F. Throws Error(kNumerical) naming layer, feature and neuron at a value that is not finite.
  [[nodiscard]] MatrixF assemble(std::int64_t layer) const;

 private:
  struct Column {
    std::string name;
    VectorD values;
    bool ranked;
  };
  struct Constant {
    std::string name;
    double value;
  };
  std::vector<Column> columns_;
  std::vector<Constant> constants_;
};

}  // namespace prunenet
