#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// Columns of one layer as the groups compute them, then as the policy reads them.
class FeatureTable {
 public:
  /// Neurons come in blocks: what is added from here on are the next `neurons` values of the same columns, in their
  /// order.
  void begin_block(Eigen::Index neurons);
  /// Standardised columns: z-scores, and ranks where `ranked`. A value for each neuron of the block. Throws
  /// Error(kInvalidArgument) naming the column where there are more or fewer values, or where another column was in its
  /// place in the blocks before.
  void add(const std::string& name, const VectorD& values, bool ranked = true);
  /// A number that is the same for every neuron of the layer and is read as it is.
  void add_constant(const std::string& name, double value);

  /// z(name) or rank(name) or the name of a constant, in the order of the columns of `assemble`.
  [[nodiscard]] std::vector<std::string> names() const;
  /// I x F. Throws Error(kNumerical) naming layer, feature and neuron at a value that is not finite,
  /// Error(kInvalidArgument) where there is no column, or one has no values for some block.
  [[nodiscard]] MatrixF assemble(std::int64_t layer) const;

 private:
  struct Column {
    std::string name;
    std::vector<double> values;
    bool ranked;
  };
  struct Constant {
    std::string name;
    double value;
  };
  std::vector<Column> columns_;
  std::size_t next_ = 0;      ///< column
  Eigen::Index block_ = 0;    ///< neurons of the current block
  Eigen::Index neurons_ = 0;  ///< of all blocks so far
  std::vector<Constant> constants_;
};

}  // namespace prunenet
