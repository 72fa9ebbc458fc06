#include "prunenet/probe/probe.h"

#include <fmt/format.h>

#include "common.h"
#include "loaded_model.h"
#include "progress.h"
#include "prunenet/core/base_name.h"
#include "prunenet/core/error.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/model/device.h"
#include "prunenet/probe/loss_metric.h"
#include "prunenet/probe/probe_file.h"
#include "prunenet/probe/write_probe.h"
#include "prunenet/train/training_model.h"
#include "resumable.h"
#include "tensors.h"

namespace prunenet::python {

namespace {

ProbeOptions probe_options(const nlohmann::json& fields) {
  ProbeOptions options = probe_options_from_json(fields);
  check(options);
  return options;
}

py::tuple sample_probe(const LoadedModel& loaded, const nlohmann::json& fields, std::uint64_t seed,
                       const py::object& progress) {
  const ProbeOptions options = probe_options(fields);
  const ProbeText text = run_long(progress, [&](Progress& reports) {
    const torch::NoGradGuard no_grad;
    return sample_probe_text(loaded.model, options, seed, reports);
  });
  return py::make_tuple(to_array<std::int64_t>(text.training), to_array<std::int64_t>(text.held_out));
}

std::vector<ResponseMoments> response_moments(const LoadedModel& loaded, const IdArray& ids,
                                              const nlohmann::json& fields, const py::object& progress) {
  const torch::Tensor input = to_tensor(ids);
  const ProbeOptions options = probe_options(fields);
  return run_long(progress, [&](Progress& reports) {
    const torch::NoGradGuard no_grad;
    return collect_responses(loaded.model, input, options, reports);
  });
}

std::vector<MatrixF> metrics(const LoadedModel& loaded, const IdArray& ids, const py::object& progress) {
  const torch::Tensor input = to_tensor(ids);
  return run_long(progress, [&](Progress& reports) { return loss_metrics(loaded.model, input, reports); });
}

/// As `prunenet probe` does it.
ProbeFile make_probe(const std::filesystem::path& model, const std::filesystem::path& out, const nlohmann::json& fields,
                     std::uint64_t seed, bool stream, const std::string& device, const py::object& progress) {
  const ProbeOptions options = probe_options(fields);
  refuse_existing(out);
  LoadOptions load{.stream = stream};
  load.device = parse_device(device);
  return run_long(progress, [&](Progress& reports) {
    const Stopwatch watch;
    const TrainingModel opened = open_training_model(model);
    const CausalLm network = CausalLm::load(opened.checkpoint, *opened.family, reports, load);
    write_probe(out, network, {.model_sha256 = opened.sha256, .options = options, .seed = seed}, base_name(model),
                watch, reports);
    return ProbeFile::open(out);
  });
}

LayerMoments layer_of(const ProbeFile& file, std::int64_t layer) {
  if (layer < 0 || layer >= file.facts().layers) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("layer {} is outside [0, {})", layer, file.facts().layers));
  }
  return without_lock([&] { return file.layer(layer); });
}

py::tuple text_of(const ProbeFile& file) {
  const ProbeText text = file.text();
  return py::make_tuple(to_array<std::int64_t>(text.training), to_array<std::int64_t>(text.held_out));
}

void bind_moments(py::module_& module) {
  py::class_<ResponseMoments>(module, "ResponseMoments",
                              "Of one block's responses h (I). The arrays lie in this object and keep it alive.")
      .def_property_readonly(
          "mean", [](const py::object& self) { return view(self.cast<const ResponseMoments&>().mean, self); }, "E[h]")
      .def_property_readonly(
          "second_moment",
          [](const py::object& self) -> py::object {
            const auto& moments = self.cast<const ResponseMoments&>();
            if (!moments.is_exact()) return py::none();
            return view(moments.second_moment, self);
          },
          "H = E[h h^T], I x I; None where a probe keeps it packed.")
      .def_property_readonly("energies", &ResponseMoments::energies, "E[h_i^2]");
  py::class_<LayerMoments>(module, "LayerMoments", "Of one layer, over tokens that train and over others.")
      .def_readonly("training", &LayerMoments::training)
      .def_readonly("held_out", &LayerMoments::held_out)
      .def_property_readonly(
          "loss_metric",
          [](const py::object& self) -> py::object {
            const auto& metric = self.cast<const LayerMoments&>().loss_metric;
            if (metric.size() == 0) return py::none();
            return view(metric, self);
          },
          "F, d x d (docs/method.md); None where the probe has none.");
}

}  // namespace

void bind_probe(py::module_& module) {
  bind_moments(module);
  py::class_<ProbeFile>(module, "Probe", "A file of `prunenet probe`.")
      .def_static(
          "open", [](const std::filesystem::path& path) { return without_lock([&] { return ProbeFile::open(path); }); },
          py::arg("path"))
      .def_property_readonly("model_name", [](const ProbeFile& file) { return file.facts().model_name; })
      .def_property_readonly("seed", [](const ProbeFile& file) { return file.facts().source.seed; })
      .def_property_readonly("options", [](const ProbeFile& file) { return to_json(file.facts().source.options); })
      .def("__len__", [](const ProbeFile& file) { return file.facts().layers; })
      .def("layer", &layer_of, py::arg("layer"), "Read from the file at each call.")
      .def("text", &text_of, "What the model sampled: ids that train, and held-out ones.");
  module.def("make_probe", &make_probe, py::arg("model"), py::arg("out"), py::arg("options") = py::dict(),
             py::kw_only(), py::arg("seed") = 0, py::arg("stream") = false, py::arg("device") = "cpu",
             py::arg("progress") = py::none(),
             "Writes a model's probe, the file of `prunenet probe`, for `train`, Healing and others. `options` are "
             "those of a recipe's section 'probe'.");
  module.def("sample_probe_text", &sample_probe, py::arg("model"), py::arg("options") = py::dict(), py::kw_only(),
             py::arg("seed") = 0, py::arg("progress") = py::none(),
             "Text that the model samples from itself, ids that train and held-out ones, [B, L] each. `options` are "
             "those of a recipe's section 'probe'.");
  module.def("collect_responses", &response_moments, py::arg("model"), py::arg("ids"), py::arg("options") = py::dict(),
             py::kw_only(), py::arg("progress") = py::none(), "ResponseMoments of every layer over all positions.");
  module.def("loss_metrics", &metrics, py::arg("model"), py::arg("ids"), py::kw_only(),
             py::arg("progress") = py::none(),
             "F = E[g g^T] of every layer, d x d: what an error of a block's output costs the likelihood.");
}

}  // namespace prunenet::python
