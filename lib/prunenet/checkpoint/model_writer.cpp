#include "prunenet/checkpoint/model_writer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/core/output_file.h"

namespace prunenet {

namespace {

bool has_index(const std::vector<Shard>& shards) {
  return shards.size() != 1 || shards.front().file != kSingleFile;
}

std::uint64_t tensor_bytes(const std::vector<Shard>& shards) {
  std::uint64_t total = 0;
  for (const Shard& shard : shards) {
    for (const TensorDeclaration& tensor : shard.tensors) total += bytes_of(tensor);
  }
  return total;
}

}  // namespace

std::vector<Shard> shards_of(const Checkpoint& checkpoint) {
  std::vector<Shard> shards;
  for (const std::string& file : checkpoint.shards()) {
    Shard& shard = shards.emplace_back(Shard{file, {}, checkpoint.metadata_of(file)});
    for (const std::string& name : checkpoint.tensors_of(file)) {
      const TensorInfo& info = checkpoint.tensors().at(name);
      shard.tensors.push_back({name, info.dtype, info.shape});
    }
  }
  return shards;
}

std::vector<Shard> split_into_shards(const std::vector<TensorDeclaration>& tensors, std::uint64_t max_shard_bytes) {
  std::vector<Shard> shards(1);
  std::uint64_t filled = 0;
  for (const TensorDeclaration& tensor : tensors) {
    const std::uint64_t bytes = bytes_of(tensor);
    if (!shards.back().tensors.empty() && (filled >= max_shard_bytes || bytes > max_shard_bytes - filled)) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().tensors.push_back(tensor);
    filled += bytes;
  }
  for (std::size_t i = 0; i < shards.size(); ++i) {
    shards[i].metadata = {{"format", "pt"}};
    shards[i].file = shards.size() == 1 ? std::string(kSingleFile)
                                        : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
  }
  return shards;
}

std::string index_text(const std::vector<Shard>& shards) {
  if (!has_index(shards)) return {};
  nlohmann::json weight_map = nlohmann::json::object();
  for (const Shard& shard : shards) {
    for (const TensorDeclaration& tensor : shard.tensors) weight_map[tensor.name] = shard.file;
  }
  const nlohmann::json index{{"metadata", {{"total_size", tensor_bytes(shards)}}}, {"weight_map", weight_map}};
  // A name that is not UTF-8 is refused where its file is laid out.
  return index.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::uint64_t serialized_size(const std::vector<Shard>& shards) {
  std::uint64_t total = index_text(shards).size();
  for (const Shard& shard : shards) total += serialized_size(shard.tensors, shard.metadata);
  return total;
}

void write_index(const std::filesystem::path& directory, const std::vector<Shard>& shards) {
  if (has_index(shards)) write_file_atomically(directory / kIndexFile, index_text(shards));
}

void write_shards(const std::filesystem::path& directory, const std::vector<Shard>& shards, const TensorSource& source,
                  Progress& progress) {
  progress.begin("writing", "bytes", tensor_bytes(shards));
  for (const Shard& shard : shards) {
    const SafetensorsLayout layout(shard.tensors, shard.metadata);
    SafetensorsWriter writer(directory / shard.file, layout);
    for (const TensorDeclaration& tensor : layout.tensors()) {
      writer.write(tensor.name, source(tensor.name));
      progress.advance(bytes_of(tensor));
    }
    writer.finish();
  }
  write_index(directory, shards);
}

}  // namespace prunenet
