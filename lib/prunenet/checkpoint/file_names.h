#pragma once

namespace prunenet {

/// Names in a Hugging Face model directory.
inline constexpr const char* kSingleFile = "model.safetensors";            ///< the weights where they are one file
inline constexpr const char* kIndexFile = "model.safetensors.index.json";  ///< which shard holds which tensor
inline constexpr const char* kConfigFile = "config.json";

}  // namespace prunenet
