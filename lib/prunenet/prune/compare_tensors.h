#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/prune/findings.h"
#include "prunenet/prune/pruned_layout.h"

namespace prunenet {

/// Opens a weight file and compares names, types, shapes and metadata with what it should hold: one thing that holds,
/// or a failure for each difference. Nothing where it cannot be opened.
[[nodiscard]] std::optional<SafetensorsFile> open_expected_shard(const std::filesystem::path& file,
                                                                 const Shard& expected, Findings& findings);

/// Where two tensors of one type and shape differ, in words: which element first, both values, how many differ. Names
/// the input's row or column, too, where the tensor was cut. Nothing where they are the same byte for byte.
[[nodiscard]] std::optional<std::string> tensor_difference(const HostTensor& expected, const HostTensor& found,
                                                           const Cut* cut);

/// The same of blocks that are compared by the byte.
[[nodiscard]] std::optional<std::string> byte_difference(std::span<const std::byte> expected,
                                                         std::span<const std::byte> found);

/// Which number of a tensor is not finite, in words; nothing where all are.
[[nodiscard]] std::optional<std::string> not_finite(std::span<const float> values);

}  // namespace prunenet
