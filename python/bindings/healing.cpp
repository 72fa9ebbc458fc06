#include "healing.h"

#include "common.h"
#include "prunenet/core/error.h"
#include "prunenet/model/device.h"
#include "prunenet/train/policy_probe.h"

namespace prunenet::python {

namespace {

Healing make_healing(const std::string& form, const std::optional<double>& correction, nlohmann::json text,
                     const std::optional<std::filesystem::path>& probe, std::uint64_t seed, bool stream,
                     const std::string& device) {
  Healing healing{.options = {.form = parse_heal_form(form), .seed = seed}, .text = std::move(text)};
  if (correction) {
    if (healing.options.form == HealForm::kOneShot) {
      throw Error(ErrorKind::kInvalidArgument, "healing in one shot has no correction: it never runs the pruned model");
    }
    healing.options.fit.correction = *correction;
  }
  if (probe) {
    if (!healing.text.empty()) {
      throw Error(ErrorKind::kInvalidArgument, "healing with a probe has no options of text: the probe's is fitted to");
    }
    healing.options.probe = *probe;
  }
  healing.options.load.stream = stream;
  healing.options.load.device = parse_device(device);
  return healing;
}

}  // namespace

HealingOptions healing_options(const Healing& healing, const std::optional<std::filesystem::path>& policy) {
  HealingOptions options = healing.options;
  if (!options.probe.empty()) return options;
  nlohmann::json text = to_json(policy ? probe_options_of_policy(*policy) : ProbeOptions{});
  text.update(healing.text);
  options.text = probe_options_from_json(text);
  return options;
}

void bind_healing(py::module_& module) {
  py::class_<Healing>(module, "Healing",
                      "How `apply` refits the down projections of a pruned model to what the dense one answers, as "
                      "`prunenet apply --heal` does.")
      .def(
          py::init(&make_healing), py::kw_only(), py::arg("form") = "sequential", py::arg("correction") = py::none(),
          py::arg("text") = py::dict(), py::arg("probe") = py::none(), py::arg("seed") = 0, py::arg("stream") = false,
          py::arg("device") = "cpu",
          "`form` is 'sequential', each layer fitted in the model healed so far, or 'one-shot', from a probe's moments "
          "alone. `correction`, in [0, 1], is the share of the distance between pruned and dense stream that a layer "
          "makes up for; None: all. The model samples the text, by `seed` and the fields of a recipe's section "
          "'probe' in `text` (others: as the policy was trained); or it is that of the file `probe`.");
}

}  // namespace prunenet::python
