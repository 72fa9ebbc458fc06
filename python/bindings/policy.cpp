#include "prunenet/policy/policy.h"

#include "arrays.h"
#include "common.h"
#include "feature_layers.h"
#include "loaded_policy.h"
#include "progress.h"
#include "prunenet/core/sha256.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/policy/score_model.h"
#include "prunenet/prune/prunable.h"

namespace prunenet::python {

namespace {

py::list to_arrays(std::vector<std::vector<float>> scores) {
  py::list layers;
  for (auto& layer : scores) layers.append(adopt(std::move(layer)));
  return layers;
}

LoadedPolicy load_policy_of(const std::filesystem::path& path) {
  return without_lock([&] { return LoadedPolicy{load_policy(path), "policy " + sha256_file(path)}; });
}

py::list score_checkpoint(LoadedPolicy& loaded, const Prunable& model, const py::object& progress) {
  return to_arrays(run_long(progress, [&](Progress& reports) {
    return score_model({&loaded.policy, 1}, CheckpointWeights(model.checkpoint(), model.family()), reports);
  }));
}

py::list score_extracted(LoadedPolicy& loaded, const FeatureLayers& features) {
  return to_arrays(without_lock([&] { return score_features({&loaded.policy, 1}, features.layers); }));
}

std::optional<nlohmann::json> budget_of(const LoadedPolicy& loaded) {
  if (!loaded.policy.budget) return std::nullopt;
  return to_json(*loaded.policy.budget);
}

}  // namespace

void bind_policy(py::module_& module) {
  py::class_<LoadedPolicy>(module, "Policy", "A trained policy of kind 'features': a score for every neuron.")
      .def_static("load", &load_policy_of, py::arg("path"))
      .def(
          "save",
          [](const LoadedPolicy& loaded, const std::filesystem::path& path) {
            without_lock([&] { save_policy(path, loaded.policy); });
          },
          py::arg("path"), "Complete, or not at all.")
      .def_property_readonly(
          "features", [](const LoadedPolicy& loaded) { return loaded.policy.features; }, "Names that it reads.")
      .def_property_readonly("recipe", [](const LoadedPolicy& loaded) { return loaded.policy.recipe; })
      .def_property_readonly(
          "curve", [](const LoadedPolicy& loaded) { return loaded.policy.curve; }, "A dict for each validation.")
      .def_property_readonly("provenance", [](const LoadedPolicy& loaded) { return loaded.policy.provenance; })
      .def_property_readonly("budget", &budget_of, "For make_plan; None where the policy has learned none.")
      .def_readonly("source", &LoadedPolicy::source, "How plans name it.")
      .def("scores", &score_checkpoint, py::arg("checkpoint"), py::kw_only(), py::arg("progress") = py::none(),
           "float32 of I neurons for each layer; larger stays.")
      .def("scores", &score_extracted, py::arg("features"), "The same of features that were extracted before.");
}

}  // namespace prunenet::python
