#include "prunenet/model/causal_lm.h"

#include "common.h"
#include "loaded_model.h"
#include "progress.h"
#include "prunenet/core/rng.h"
#include "prunenet/model/device.h"
#include "prunenet/model/sample.h"
#include "tensors.h"

namespace prunenet::python {

namespace {

LoadedModel load_model(std::shared_ptr<Prunable> checkpoint, bool stream, const std::string& device,
                       const py::object& progress) {
  return run_long(progress, [&](Progress& reports) {
    LoadOptions options;
    options.stream = stream;
    options.device = parse_device(device);
    CausalLm model = CausalLm::load(checkpoint->checkpoint(), checkpoint->family(), reports, options);
    return LoadedModel{std::move(checkpoint), std::move(model)};
  });
}

py::array logits(const LoadedModel& loaded, const IdArray& ids) {
  const torch::Tensor input = to_tensor(ids);
  return to_array<float>(without_lock([&] {
    const torch::NoGradGuard no_grad;
    return loaded.model.logits(input);
  }));
}

py::array token_nll(const LoadedModel& loaded, const IdArray& ids) {
  const torch::Tensor input = to_tensor(ids);
  return to_array<float>(without_lock([&] {
    const torch::NoGradGuard no_grad;
    return loaded.model.token_nll(input);
  }));
}

py::array sample_text(const LoadedModel& loaded, const IdArray& prompts, std::int64_t tokens, double temperature,
                      bool stop_at_eos, std::uint64_t seed, const py::object& progress) {
  const torch::Tensor input = to_tensor(prompts);
  const SampleOptions options{.tokens = tokens, .temperature = temperature, .stop_at_eos = stop_at_eos};
  return to_array<std::int64_t>(run_long(progress, [&](Progress& reports) {
    const torch::NoGradGuard no_grad;
    Rng rng(seed);
    return sample(loaded.model, input, options, rng, reports);
  }));
}

}  // namespace

void bind_model(py::module_& module) {
  const SampleOptions defaults;
  py::class_<LoadedModel>(module, "CausalLm", "A language model in float32. Ids are integers, [B, T].")
      .def_static("load", &load_model, py::arg("checkpoint"), py::kw_only(), py::arg("stream") = false,
                  py::arg("device") = "cpu", py::arg("progress") = py::none(),
                  "With `stream`, layers stay in the file and are read at every pass.")
      .def("logits", &logits, py::arg("ids"), "Of the token after each, [B, T, V].")
      .def("token_nll", &token_nll, py::arg("ids"),
           "Negative log-likelihood in nats of ids[:, 1:] given what stands before, [B, T - 1].")
      .def(
          "start_prompts",
          [](const LoadedModel& loaded, std::int64_t batch, const std::vector<std::int64_t>& tokens) {
            return to_array<std::int64_t>(start_prompts(loaded.model.config(), batch, tokens));
          },
          py::arg("batch"), py::arg("tokens") = std::vector<std::int64_t>{},
          "[batch, 1] of these tokens in turn, or of the one that opens a text.")
      .def("sample", &sample_text, py::arg("prompts"), py::kw_only(), py::arg("tokens") = defaults.tokens,
           py::arg("temperature") = defaults.temperature, py::arg("stop_at_eos") = defaults.stop_at_eos,
           py::arg("seed") = 0, py::arg("progress") = py::none(), "Prompts and their continuations, [B, P + tokens].");
}

}  // namespace prunenet::python
