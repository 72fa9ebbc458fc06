#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace prunenet {

/// Which outputs of a stored matrix belong to a logical one: its output r is the stored output
///   offset + r                                      where block is 0,
///   offset + r / block * stride + r % block         otherwise: blocks of neighbours at equal distances.
/// The parts of a fused projection are told apart so: whole blocks one after the other, or interleaved a head at a
/// time.
struct OutputPattern {
  std::int64_t offset = 0;  ///< stored output of output 0
  std::int64_t block = 0;   ///< outputs of a block; 0: they are one
  std::int64_t stride = 0;  ///< from the first output of a block to that of the next

  /// Where output `output` lies.
  [[nodiscard]] std::int64_t stored(std::int64_t output) const {
    return block == 0 ? offset + output : offset + output / block * stride + output % block;
  }
};

/// Where a checkpoint keeps the linear map y = W x + b with `outputs` x `inputs` numbers.
struct LinearPlace {
  std::string weight;               ///< tensor name; empty: the architecture has no such map
  std::string bias;                 ///< its outputs are stored in the same pattern; empty: none
  std::int64_t outputs = 0;         ///< rows of W
  std::int64_t inputs = 0;          ///< columns of W
  std::int64_t stored_outputs = 0;  ///< of the tensor: more than `outputs` where several maps share it
  OutputPattern pattern = {};       ///< which of the stored outputs are its own
  bool transposed = false;          ///< stored inputs x outputs

  /// Whether the architecture has it.
  [[nodiscard]] bool exists() const { return !weight.empty(); }
  /// Numbers of W, and of W and b; 0 where there is no such map.
  [[nodiscard]] std::int64_t weights() const { return outputs * inputs; }
  /// See `weights`.
  [[nodiscard]] std::int64_t parameters() const { return weights() + (bias.empty() ? 0 : outputs); }
};

/// A map that has a tensor of its own.
[[nodiscard]] inline LinearPlace whole_linear(std::string weight, std::string bias, std::int64_t outputs,
                                              std::int64_t inputs) {
  return {std::move(weight), std::move(bias), outputs, inputs, outputs, {}, false};
}

/// Where a checkpoint keeps a norm's gain and, of a layer norm, its bias.
struct NormPlace {
  std::string gain;       ///< empty: there is no such norm
  std::string bias;       ///< empty: none
  std::int64_t size = 0;  ///< numbers of the gain

  /// Whether the architecture has it.
  [[nodiscard]] bool exists() const { return !gain.empty(); }
};

}  // namespace prunenet
