#include "model.h"

#include "prunenet/family/gguf_store.h"

namespace prunenet::cli {

Model open_model(const std::filesystem::path& path) {
  Checkpoint checkpoint = open_checkpoint(path);
  std::unique_ptr<Family> family = make_family(checkpoint);
  return {std::move(checkpoint), std::move(family)};
}

std::uint64_t ffn_parameters(const Family& family) {
  std::uint64_t sum = 0;
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    sum +=
        static_cast<std::uint64_t>(parameters_per_neuron(family.ffn_block(layer)) * width_of(family.config(), layer));
  }
  return sum;
}

std::uint64_t weight_bytes(const Checkpoint& checkpoint) {
  std::uint64_t sum = 0;
  for (const std::string& shard : checkpoint.shards()) {
    sum += std::filesystem::file_size(checkpoint.directory() / shard);
  }
  return sum;
}

}  // namespace prunenet::cli
