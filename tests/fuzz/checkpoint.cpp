#include "prunenet/checkpoint/checkpoint.h"

#include "fuzz/harness.h"
#include "prunenet/family/family.h"

namespace prunenet {

/// A model directory: config.json, the index, and two shards, of which an unsharded model has but the first.
PRUNENET_FUZZ_TARGET(checkpoint) {
  const auto parts = testing::fuzz_parts(input, 4);
  const bool sharded = !parts[1].empty();
  const Checkpoint checkpoint =
      Checkpoint::open(testing::fuzz_directory({{"config.json", parts[0]},
                                                {"model.safetensors.index.json", parts[1]},
                                                {"model.safetensors", sharded ? std::string_view() : parts[2]},
                                                {"a.safetensors", sharded ? parts[2] : std::string_view()},
                                                {"b.safetensors", parts[3]}}));
  for (const auto& [name, info] : checkpoint.tensors()) static_cast<void>(checkpoint.read(name));
  const auto family = make_family(checkpoint);
  for (std::int64_t layer = 0; layer < family->config().num_hidden_layers; ++layer) {
    static_cast<void>(read_ffn(checkpoint, *family, layer));
  }
}

}  // namespace prunenet
