#include "common.h"

#include <fmt/format.h>

#include "arrays.h"
#include "feature_layers.h"
#include "progress.h"
#include "prunenet/core/error.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/prune/prunable.h"

namespace prunenet::python {

namespace {

FeatureLayers features_of_all_layers(const Prunable& model, const py::object& progress) {
  return run_long(progress, [&](Progress& reports) {
    FeatureLayers features;
    extract_features(
        CheckpointWeights(model.checkpoint(), model.family()),
        [&features](std::int64_t /*layer*/, const MatrixF& layer) { features.layers.push_back(layer); }, reports);
    return features;
  });
}

/// Ends an extraction that has come to the layer that was wanted.
struct Enough {};

/// Features of a layer follow from the layers before it, so those are gone through; those after it are not.
MatrixF features_of_layer(const Prunable& model, std::int64_t layer, const py::object& progress) {
  const std::int64_t layers = model.family().config().num_hidden_layers;
  if (layer < 0 || layer >= layers) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("layer {} is outside [0, {})", layer, layers));
  }
  return run_long(progress, [&](Progress& reports) {
    MatrixF wanted;
    try {
      extract_features(
          CheckpointWeights(model.checkpoint(), model.family()),
          [&](std::int64_t index, const MatrixF& features) {
            if (index < layer) return;
            wanted = features;
            throw Enough();
          },
          reports);
    } catch (const Enough&) {
      return wanted;
    }
    return wanted;
  });
}

py::array_t<float> layer_at(const py::object& self, py::ssize_t index) {
  const auto& layers = self.cast<const FeatureLayers&>().layers;
  const py::ssize_t size = extent(layers.size());
  if (index < -size || index >= size) throw py::index_error(fmt::format("layer {} of {}", index, size));
  return view(layers[static_cast<std::size_t>(index < 0 ? index + size : index)], self);
}

}  // namespace

void bind_features(py::module_& module) {
  py::class_<FeatureLayers>(module, "Features",
                            "Features of every neuron of every layer: a sequence of read-only float32 arrays, I x F, "
                            "which lie in this object and keep it alive.")
      .def("__len__", [](const FeatureLayers& features) { return features.layers.size(); })
      .def("__getitem__", &layer_at, py::arg("layer"));
  module.def(
      "feature_names", [] { return feature_names(); }, "Names of the F columns, the same for every model.");
  module.def("extract_features", &features_of_all_layers, py::arg("checkpoint"), py::kw_only(),
             py::arg("progress") = py::none(), "From the weights alone (docs/method.md).");
  module.def("extract_layer_features", &features_of_layer, py::arg("checkpoint"), py::arg("layer"), py::kw_only(),
             py::arg("progress") = py::none(), "Those of one layer, I x F.");
}

}  // namespace prunenet::python
