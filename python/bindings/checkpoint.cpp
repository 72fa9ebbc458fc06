#include "prunenet/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include "arrays.h"
#include "common.h"
#include "progress.h"
#include "prunenet/core/error.h"
#include "prunenet/prune/prunable.h"

namespace prunenet::python {

namespace {

py::tuple shape_of(const TensorInfo& info) {
  return py::tuple(py::cast(info.shape));
}

/// NumPy's type for elements that it can hold as they lie; nothing for the others.
std::optional<py::dtype> numpy_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::kBool:
      return py::dtype::of<bool>();
    case Dtype::kU8:
      return py::dtype::of<std::uint8_t>();
    case Dtype::kI8:
      return py::dtype::of<std::int8_t>();
    case Dtype::kI16:
      return py::dtype::of<std::int16_t>();
    case Dtype::kU16:
      return py::dtype::of<std::uint16_t>();
    case Dtype::kI32:
      return py::dtype::of<std::int32_t>();
    case Dtype::kU32:
      return py::dtype::of<std::uint32_t>();
    case Dtype::kF32:
      return py::dtype::of<float>();
    case Dtype::kI64:
      return py::dtype::of<std::int64_t>();
    case Dtype::kU64:
      return py::dtype::of<std::uint64_t>();
    default:
      return std::nullopt;
  }
}

py::array read_tensor(const Prunable& model, const std::string& name) {
  HostTensor tensor = without_lock([&] { return model.checkpoint().read(name); });
  std::vector<py::ssize_t> shape(tensor.info.shape.begin(), tensor.info.shape.end());
  if (const auto dtype = numpy_type(tensor.info.dtype)) {
    return adopt(std::move(tensor.data), *dtype, std::move(shape));
  }
  return adopt(to_floats(tensor.data, tensor.info.dtype), py::dtype::of<float>(), std::move(shape));
}

py::array read_raw(const Prunable& model, const std::string& name) {
  HostTensor tensor = without_lock([&] { return model.checkpoint().read(name); });
  const py::ssize_t size = extent(tensor.data.size());
  return adopt(std::move(tensor.data), py::dtype::of<std::uint8_t>(), {size});
}

std::int64_t checked_layer(const Prunable& model, std::int64_t layer) {
  const std::int64_t layers = model.family().config().num_hidden_layers;
  if (layer >= 0 && layer < layers) return layer;
  throw Error(ErrorKind::kInvalidArgument, fmt::format("layer {} is outside [0, {})", layer, layers));
}

FfnWeights ffn_weights(const Prunable& model, std::int64_t layer) {
  return without_lock([&] { return read_ffn(model.checkpoint(), model.family(), checked_layer(model, layer)); });
}

std::vector<std::int64_t> widths(const Prunable& model) {
  const ModelConfig& config = model.family().config();
  std::vector<std::int64_t> found;
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) found.push_back(width_of(config, layer));
  return found;
}

/// A member of the ModelConfig behind a checkpoint.
template <typename Member>
auto config_member(Member ModelConfig::*member) {
  return [member](const Prunable& model) { return model.family().config().*member; };
}

void bind_weights(py::module_& module) {
  py::class_<TensorInfo>(module, "TensorInfo", "What a checkpoint says of one tensor.")
      .def_property_readonly(
          "dtype", [](const TensorInfo& info) { return std::string(to_string(info.dtype)); },
          "As safetensors has it: 'BF16', ...")
      .def_property_readonly("shape", &shape_of)
      .def_readonly("bytes", &TensorInfo::bytes)
      .def("__repr__", [](const TensorInfo& info) {
        return fmt::format("TensorInfo({}, {})", to_string(info.dtype), py::str(shape_of(info)).cast<std::string>());
      });

  py::class_<FfnWeights>(module, "FfnWeights",
                         "Of one feed-forward block, float32: h = act(gate x) * (up x), y = down h. The arrays lie in "
                         "this object and keep it alive.")
      .def_property_readonly(
          "gate",
          [](const py::object& self) -> py::object {
            const auto& gate = self.cast<const FfnWeights&>().gate;
            if (gate.size() == 0) return py::none();
            return view(gate, self);
          },
          "G, I x d; None in a block without a gate.")
      .def_property_readonly(
          "up", [](const py::object& self) { return view(self.cast<const FfnWeights&>().up, self); }, "U, I x d.")
      .def_property_readonly(
          "down", [](const py::object& self) { return view(self.cast<const FfnWeights&>().down, self); }, "D, d x I.");
}

}  // namespace

void bind_checkpoint(py::module_& module) {
  bind_weights(module);
  py::class_<Prunable, std::shared_ptr<Prunable>>(module, "Checkpoint",
                                                  "A model directory or a GGUF file, its config and tensors checked.")
      .def_static(
          "open",
          [](const std::filesystem::path& path) {
            return without_lock([&] { return std::make_shared<Prunable>(path); });
          },
          py::arg("path"))
      .def_property_readonly("path", &Prunable::path)
      .def_property_readonly(
          "config", [](const Prunable& model) { return model.checkpoint().config(); }, "config.json.")
      .def_property_readonly(
          "family", [](const Prunable& model) { return model.family().name(); }, "'llama', ...")
      .def_property_readonly("architecture", config_member(&ModelConfig::architecture))
      .def_property_readonly("num_hidden_layers", config_member(&ModelConfig::num_hidden_layers))
      .def_property_readonly("hidden_size", config_member(&ModelConfig::hidden_size), "d")
      .def_property_readonly("intermediate_size", config_member(&ModelConfig::intermediate_size),
                             "I; the widest layer's where they differ.")
      .def_property_readonly("vocab_size", config_member(&ModelConfig::vocab_size))
      .def_property_readonly("max_position_embeddings", config_member(&ModelConfig::max_position_embeddings))
      .def_property_readonly("widths", &widths, "Neurons of each layer.")
      .def_property_readonly("parameters", [](const Prunable& model) { return model.checkpoint().parameters(); })
      .def_property_readonly("tensor_bytes", [](const Prunable& model) { return model.checkpoint().tensor_bytes(); })
      .def_property_readonly(
          "tensors", [](const Prunable& model) { return model.checkpoint().tensors(); },
          "TensorInfo by name, over all shards.")
      .def("tensor", &read_tensor, py::arg("name"),
           "One tensor: BF16, F16 and F64 as float32, all others in their own type.")
      .def("raw", &read_raw, py::arg("name"), "One tensor's bytes as they lie in the file, uint8.")
      .def("ffn", &ffn_weights, py::arg("layer"), "The weights of one feed-forward block.");
}

}  // namespace prunenet::python
