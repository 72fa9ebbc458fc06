#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/progress.h"

namespace prunenet {

/// One weight file of a model directory to be.
struct Shard {
  std::string file;  ///< base name
  std::vector<TensorDeclaration> tensors;
  std::map<std::string, std::string> metadata;
};

/// The weight files of a model directory, as they are.
[[nodiscard]] std::vector<Shard> shards_of(const Checkpoint& checkpoint);

/// What transformers takes for the size of a shard by default.
inline constexpr std::uint64_t kDefaultShardBytes = 5'000'000'000;

/// Deals tensors out in their order: one `model.safetensors` where they fit `max_shard_bytes`, otherwise
/// `model-00001-of-0000N.safetensors` and so on; a tensor larger than that has a shard of its own. The metadata is what
/// transformers looks for.
[[nodiscard]] std::vector<Shard> split_into_shards(const std::vector<TensorDeclaration>& tensors,
                                                   std::uint64_t max_shard_bytes = kDefaultShardBytes);

/// What `model.safetensors.index.json` says of these; empty where the one file is model.safetensors, which needs none.
[[nodiscard]] std::string index_text(const std::vector<Shard>& shards);

/// Bytes of all weight files, and of the index where there is one.
[[nodiscard]] std::uint64_t serialized_size(const std::vector<Shard>& shards);

/// Writes that index, where one is needed, among the weight files of `directory`.
void write_index(const std::filesystem::path& directory, const std::vector<Shard>& shards);

/// The bytes of one declared tensor.
using TensorSource = std::function<std::vector<std::byte>(const std::string& name)>;

/// Writes the files one tensor at a time, each asked for when its turn comes, then the index, unless the one file is
/// model.safetensors. Reports bytes. Throws what the source, the disk and `progress` throw; whole files of shards
/// before that stay, so the directory should be an OutputDirectory.
void write_shards(const std::filesystem::path& directory, const std::vector<Shard>& shards, const TensorSource& source,
                  Progress& progress);

}  // namespace prunenet
