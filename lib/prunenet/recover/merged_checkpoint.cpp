#include "prunenet/recover/merged_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// A trained projection and where it is stored.
struct Trained {
  std::int64_t layer = 0;
  Projection projection = Projection::kDown;
  LinearPlace place;
};

/// By tensor: several where one holds several projections.
std::map<std::string, std::vector<Trained>> trained_tensors(const Family& family, const StudentWeights& weights) {
  std::map<std::string, std::vector<Trained>> tensors;
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    for (const Projection projection : weights.trained()) {
      const LinearPlace place = place_of(family, layer, projection);
      if (place.exists()) tensors[place.weight].push_back({layer, projection, place});
    }
  }
  return tensors;
}

void require_finite_weights(const std::string& name, const HostTensor& tensor) {
  const std::vector<float> values = to_floats(tensor.data, tensor.info.dtype);
  if (std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) return;
  throw Error(ErrorKind::kNumerical, fmt::format("tensor '{}' has weights that {} cannot hold after training; lower "
                                                 "'learning_rate'",
                                                 name, to_string(tensor.info.dtype)));
}

}  // namespace

void put_weight(const LinearPlace& place, const torch::Tensor& weight, HostTensor& stored) {
  const torch::Tensor plain = weight.contiguous();
  const std::span<const float> values(plain.data_ptr<float>(), static_cast<std::size_t>(plain.numel()));
  const std::vector<std::byte> bytes = from_floats(values, stored.info.dtype);
  const std::size_t size = size_of(stored.info.dtype);
  const auto row_bytes = static_cast<std::size_t>(place.inputs) * size;
  const auto outputs_stored = static_cast<std::size_t>(place.stored_outputs);
  for (std::int64_t output = 0; output < place.outputs; ++output) {
    const auto row = static_cast<std::size_t>(place.pattern.stored(output));
    const std::byte* from = bytes.data() + static_cast<std::size_t>(output) * row_bytes;
    if (!place.transposed) {
      std::memcpy(stored.data.data() + row * row_bytes, from, row_bytes);
      continue;
    }
    for (std::size_t input = 0; input < static_cast<std::size_t>(place.inputs); ++input) {
      std::memcpy(stored.data.data() + (input * outputs_stored + row) * size, from + input * size, size);
    }
  }
}

void write_merged(const Checkpoint& student, const Family& family, const StudentWeights& weights,
                  const std::filesystem::path& directory, Progress& progress) {
  const auto trained = trained_tensors(family, weights);
  const TensorSource source = [&](const std::string& name) {
    HostTensor tensor = student.read(name);
    const auto found = trained.find(name);
    if (found == trained.end()) return std::move(tensor.data);
    for (const Trained& part : found->second) {
      put_weight(part.place, weights.merged(part.layer, part.projection).cpu(), tensor);
    }
    require_finite_weights(name, tensor);
    return std::move(tensor.data);
  };
  write_shards(directory, shards_of(student), source, progress);
}

}  // namespace prunenet
