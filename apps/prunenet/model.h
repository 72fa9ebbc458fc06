#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"

namespace prunenet::cli {

/// A model, opened and checked.
struct Model {
  Checkpoint checkpoint;
  std::unique_ptr<Family> family;
};

/// A model directory or a .gguf file. Throws what open_checkpoint and make_family throw.
[[nodiscard]] Model open_model(const std::filesystem::path& path);

/// Elements of all pruned tensors: gate, up and down of every layer, with the biases of gate and up.
[[nodiscard]] std::uint64_t ffn_parameters(const Family& family);

/// Bytes of the weight files.
[[nodiscard]] std::uint64_t weight_bytes(const Checkpoint& checkpoint);

}  // namespace prunenet::cli
