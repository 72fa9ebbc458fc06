#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prunenet/family/family.h"
#include "prunenet/family/gguf_architecture.h"

namespace prunenet {

/// Neighbouring rows of a GGUF tensor that come from one tensor of a checkpoint.
struct GgufRows {
  std::string tensor;            ///< in the checkpoint
  std::int64_t rows = 0;         ///< here
  std::int64_t columns = 0;      ///< 0: a vector, whose elements are the rows
  std::int64_t stored_rows = 0;  ///< of the checkpoint's tensor
  OutputPattern pattern = {};
  bool transposed = false;           ///< stored columns x rows
  std::int64_t paired_head_dim = 0;  ///< rows r and r + c/2 of each head of c lie next to each other here; 0: as stored
  bool neurons = false;              ///< the rows are FFN neurons

  /// Row of the checkpoint's tensor that row `row` of this part is.
  [[nodiscard]] std::int64_t stored(std::int64_t row) const;
};

/// One tensor of a GGUF file in terms of a checkpoint's. GGUF files keep the parts of a fused projection one below the
/// other, whatever their order in the checkpoint, and matrices never transposed.
struct GgufTensor {
  std::string name;  ///< "blk.0.attn_q.weight"
  std::vector<GgufRows> parts;
  float offset = 0.0F;          ///< the file's values are the checkpoint's plus this (gains of Gemma's norms)
  bool neuron_columns = false;  ///< the columns are FFN neurons
  bool copy = false;            ///< of a tensor that another one holds already (a tied output projection)

  [[nodiscard]] std::int64_t rows() const;
  [[nodiscard]] bool is_vector() const { return parts.front().columns == 0; }
  /// Outermost first.
  [[nodiscard]] std::vector<std::int64_t> shape() const;
};

/// Name of the table of divisors of the rotary frequencies, which is not one of the tensors below.
inline constexpr const char* kGgufRotaryFactors = "rope_freqs.weight";

/// Every tensor of the model's weights, in the order in which files have them.
[[nodiscard]] std::vector<GgufTensor> gguf_tensors(const Family& family, const GgufArchitecture& architecture);

}  // namespace prunenet
