#include "prunenet/model/streamed_layers.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "prunenet/family/layer_places.h"

namespace prunenet {

namespace {

class TensorsInMemory final : public TensorStore {
 public:
  void add(const std::string& name, HostTensor tensor) {
    infos_[name] = tensor.info;
    tensors_[name] = std::move(tensor);
  }
  [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const override { return infos_; }
  [[nodiscard]] HostTensor read(const std::string& name) const override { return tensors_.at(name); }

 private:
  std::map<std::string, TensorInfo> infos_;
  std::map<std::string, HostTensor> tensors_;
};

/// Each once: several maps may share a tensor.
std::set<std::string> tensors_of_layer(const Family& family, std::int64_t layer) {
  const LayerPlaces places = places_of_layer(family, layer);
  std::set<std::string> names;
  for (const LinearPlace& place : places.maps) names.insert({place.weight, place.bias});
  for (const NormPlace& place : places.norms) names.insert({place.gain, place.bias});
  names.erase("");
  return names;
}

}  // namespace

StreamedLayers::StreamedLayers(const Checkpoint& checkpoint, const Family& family, torch::Device device)
    : checkpoint_(checkpoint), family_(family), device_(device) {}

Checkpoint StreamedLayers::read(std::int64_t layer) const {
  auto store = std::make_unique<TensorsInMemory>();
  for (const std::string& name : tensors_of_layer(family_, layer)) store->add(name, checkpoint_.read(name));
  // The path stands in messages: of one file that file, else the directory of the files.
  const std::filesystem::path& directory = checkpoint_.directory();
  const bool one_file = checkpoint_.shards().size() == 1;
  return Checkpoint::over(one_file ? directory / checkpoint_.shards().front() : directory, checkpoint_.config(),
                          std::move(store));
}

DecoderLayerWeights StreamedLayers::layer(std::int64_t layer) const {
  const std::scoped_lock lock(mutex_);
  DecoderLayerWeights weights;
  {
    const bool is_read = std::exchange(ahead_, -1) == layer;
    if (reading_.valid() && !is_read) reading_.wait();  // its memory is given back first
    std::future<Checkpoint> reading = std::exchange(reading_, {});
    const Checkpoint tensors = is_read ? reading.get() : read(layer);
    weights = load_decoder_layer(tensors, family_, layer, device_);
  }
  if (layer + 1 < family_.config().num_hidden_layers) {
    reading_ = std::async(std::launch::async, [this, next = layer + 1] { return read(next); });
    ahead_ = layer + 1;
  }
  return weights;
}

std::uint64_t bytes_of_layers(const Checkpoint& checkpoint, const Family& family) {
  std::uint64_t bytes = 0;
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    for (const std::string& name : tensors_of_layer(family, layer)) bytes += checkpoint.tensors().at(name).bytes;
  }
  return bytes;
}

}  // namespace prunenet
