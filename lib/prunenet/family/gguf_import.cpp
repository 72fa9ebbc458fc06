#include "prunenet/family/gguf_import.h"

#include <vector>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/core/output_file.h"

namespace prunenet {

namespace {

std::vector<TensorDeclaration> declare(const Checkpoint& gguf, Dtype dtype) {
  std::vector<TensorDeclaration> tensors;
  for (const auto& [name, info] : gguf.tensors()) tensors.push_back({name, dtype, info.shape});
  return tensors;
}

}  // namespace

std::uint64_t imported_bytes(const Checkpoint& gguf, Dtype dtype) {
  return serialized_size(split_into_shards(declare(gguf, dtype)));
}

void import_weights(const Checkpoint& gguf, const std::filesystem::path& directory, Dtype dtype, Progress& progress) {
  const auto convert = [&](const std::string& name) {
    const HostTensor tensor = gguf.read(name);
    return from_floats(to_floats(tensor.data, tensor.info.dtype), dtype);
  };
  write_shards(directory, split_into_shards(declare(gguf, dtype)), convert, progress);
  nlohmann::ordered_json config = gguf.config();
  config["torch_dtype"] = torch_name(dtype);
  write_file_atomically(directory / kConfigFile, config.dump(2) + "\n");
}

}  // namespace prunenet
