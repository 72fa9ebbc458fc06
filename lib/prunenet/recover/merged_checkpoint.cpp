#include "prunenet/recover/merged_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

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
using TrainedPlaces = std::map<std::string, std::vector<Trained>>;

TrainedPlaces trained_places(const Family& family, const StudentWeights& weights) {
  TrainedPlaces places;
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    for (const Projection projection : weights.trained()) {
      const LinearPlace place = place_of(family, layer, projection);
      if (place.exists()) places[place.weight].push_back({layer, projection, place});
    }
  }
  return places;
}

void require_finite_weights(const std::string& name, const HostTensor& tensor) {
  const std::vector<float> values = to_floats(tensor.data, tensor.info.dtype);
  if (std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) return;
  throw Error(ErrorKind::kNumerical, fmt::format("tensor '{}' has weights that {} cannot hold after training; lower "
                                                 "'learning_rate'",
                                                 name, to_string(tensor.info.dtype)));
}

class MergedStore final : public TensorStore {
 public:
  MergedStore(const Checkpoint& student, const Family& family, const StudentWeights& weights)
      : student_(student), weights_(weights), places_(trained_places(family, weights)) {}

  [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const override { return student_.tensors(); }

  [[nodiscard]] HostTensor read(const std::string& name) const override {
    HostTensor tensor = student_.read(name);
    const auto found = places_.find(name);
    if (found == places_.end()) return tensor;
    for (const Trained& part : found->second) {
      put_weight(part.place, weights_.merged(part.layer, part.projection).cpu(), tensor);
    }
    require_finite_weights(name, tensor);
    return tensor;
  }

 private:
  const Checkpoint& student_;
  const StudentWeights& weights_;
  TrainedPlaces places_;
};

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

Checkpoint merged_checkpoint(const Checkpoint& student, const Family& family, const StudentWeights& weights) {
  return Checkpoint::over(student.directory(), student.config(),
                          std::make_unique<MergedStore>(student, family, weights));
}

std::set<std::string> trained_tensors(const Family& family, const StudentWeights& weights) {
  std::set<std::string> names;
  for (const auto& [name, parts] : trained_places(family, weights)) names.insert(name);
  return names;
}

}  // namespace prunenet
