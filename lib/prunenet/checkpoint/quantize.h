#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prunenet/checkpoint/dequantize.h"

namespace prunenet {

/// Whether `quantize` writes the type: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0.
[[nodiscard]] bool is_quantizable(GgufType type);

/// The type in which rows of `width` are written again that were of `type`: the same where `quantize` writes it and
/// they divide into its blocks; else Q8_0, or F16 where they do not divide into blocks of 32.
[[nodiscard]] GgufType requantised_type(GgufType type, std::int64_t width);

/// Floats as blocks, after ggml's reference `quantize_row_*_ref` (ggml-quants.c), in its order of operations: the same
/// bytes come out. Q4_0, Q5_0 and Q8_0 scale by the value of largest magnitude, Q4_1 and Q5_1 between the smallest and
/// the largest. Throws Error(kUnsupported) for another type, Error(kInvalidArgument) unless there is a whole number of
/// blocks, Error(kNumerical) for NaN or infinity where the type has none, and for values so large that they would
/// become infinite (above 65504 in F16; where a block's scale is). NaN and infinity stay what they are in F32, F16 and
/// BF16.
[[nodiscard]] std::vector<std::byte> quantize(GgufType type, std::span<const float> values);

}  // namespace prunenet
