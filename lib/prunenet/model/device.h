#pragma once

#include <torch/torch.h>

#include <string>

namespace prunenet {

/// "cpu", "cuda" (the first one) or "cuda:N". Throws Error(kInvalidArgument) for other names, Error(kUnsupported) where
/// this libtorch computes on no GPU, or there is none of that number.
[[nodiscard]] torch::Device parse_device(const std::string& name);

}  // namespace prunenet
