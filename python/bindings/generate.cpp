#include "prunenet/eval/generate.h"

#include "common.h"
#include "loaded_model.h"
#include "progress.h"
#include "text.h"

namespace prunenet::python {

namespace {

py::str generate(const LoadedModel& loaded, const Tokenizer& tokenizer, const std::string& prompt, std::int64_t tokens,
                 double temperature, std::uint64_t seed, const py::object& progress) {
  const SampleOptions options{.tokens = tokens, .temperature = temperature, .stop_at_eos = true};
  return to_str(run_long(progress, [&](Progress& reports) {
    const torch::NoGradGuard no_grad;
    return generate_text(loaded.model, tokenizer, prompt, options, seed, reports);
  }));
}

}  // namespace

void bind_generate(py::module_& module) {
  const SampleOptions defaults;
  module.def("generate", &generate, py::arg("model"), py::arg("tokenizer"), py::arg("prompt") = "", py::kw_only(),
             py::arg("tokens") = defaults.tokens, py::arg("temperature") = defaults.temperature, py::arg("seed") = 0,
             py::arg("progress") = py::none(),
             "A prompt and how the model goes on, until an end token; temperature 0 takes the likeliest tokens. The "
             "prompt is taken as it is: no chat template.");
}

}  // namespace prunenet::python
