#include "prunenet/prune/prune.h"

#include <optional>
#include <utility>

#include "common.h"
#include "healing.h"
#include "progress.h"
#include "prunenet/prune/prunable.h"
#include "prunenet/prune/target.h"
#include "prunenet/prune/verify.h"
#include "rounding.h"

namespace prunenet::python {

namespace {

PruneEstimate estimate(const Prunable& model, const Plan& plan) {
  return without_lock([&] { return model.estimate(plan); });
}

std::pair<double, std::int64_t> ratio_for(const Prunable& model, const std::string& target, const Rounding& round_to) {
  std::optional<std::int64_t> multiple;
  if (round_to) multiple = multiple_of(*round_to);
  const Target wanted = parse_target(target);
  const RatioForTarget found = without_lock([&] {
    return ratio_for_target(model.family().config().intermediate_size, wanted, multiple,
                            [&](std::int64_t width) { return model.estimate_width(width); });
  });
  return {found.ratio, found.round_to};
}

PruneReport apply(const Prunable& model, const Plan& plan, const std::filesystem::path& output,
                  const std::optional<std::filesystem::path>& policy, const std::optional<std::uint64_t>& seed,
                  const std::optional<Healing>& heal, bool force, int threads, const py::object& progress) {
  PruneOptions options;
  options.output = output;
  options.force = force;
  options.seed = seed;
  if (policy) options.policy = *policy;
  options.threads = threads;
  std::optional<HealingOptions> healing;
  if (heal) healing = healing_options(*heal, policy);
  return run_long(progress, [&](Progress& reports) {
    std::optional<HealedDowns> healed;  // whose files are read as the model is written
    if (healing && plan.achieved_ratio() > 0.0) {
      healed.emplace(model, plan, *healing, output, reports);
      healed->put_into(options);
    }
    return model.prune(plan, options, reports);
  });
}

VerifyReport verify(const std::filesystem::path& output, const std::filesystem::path& against,
                    const std::optional<std::filesystem::path>& policy, const py::object& progress) {
  VerifyOptions options;
  if (policy) options.policy = *policy;
  return run_long(progress, [&](Progress& reports) { return verify_pruned(output, against, options, reports); });
}

std::vector<std::string> failures(const VerifyReport& report) {
  std::vector<std::string> lines;
  for (const VerifyFailure& failure : report.failures) lines.push_back(to_string(failure));
  return lines;
}

void bind_sizes(py::module_& module) {
  py::class_<PruneEstimate>(module, "PruneEstimate", "What a plan does to a checkpoint, in numbers.")
      .def_readonly("intermediate_size_before", &PruneEstimate::intermediate_size_before)
      .def_readonly("intermediate_size_after", &PruneEstimate::intermediate_size_after,
                    "The smallest, where layers differ.")
      .def_readonly("largest_size_after", &PruneEstimate::largest_size_after)
      .def_readonly("parameters_before", &PruneEstimate::parameters_before)
      .def_readonly("parameters_after", &PruneEstimate::parameters_after)
      .def_readonly("bytes_before", &PruneEstimate::bytes_before)
      .def_readonly("bytes_after", &PruneEstimate::bytes_after)
      .def_readonly("macs_before", &PruneEstimate::macs_before, "Multiply-accumulates of one token.")
      .def_readonly("macs_after", &PruneEstimate::macs_after)
      .def_readonly("requested_ratio", &PruneEstimate::requested_ratio)
      .def_readonly("ffn_ratio", &PruneEstimate::ffn_ratio, "Share of the neurons that is removed.")
      .def_readonly("model_ratio", &PruneEstimate::model_ratio, "Share of all parameters.")
      .def_readonly("bytes_ratio", &PruneEstimate::bytes_ratio)
      .def_readonly("macs_ratio", &PruneEstimate::macs_ratio);
  py::class_<PruneReport>(module, "PruneReport", "The estimate come true, and what it took.")
      .def_readonly("sizes", &PruneReport::sizes)
      .def_readonly("output", &PruneReport::output, "Absolute.")
      .def_readonly("wall_seconds", &PruneReport::wall_seconds)
      .def_readonly("peak_rss_bytes", &PruneReport::peak_rss_bytes, "Of this process, so far.")
      .def_readonly("remarks", &PruneReport::remarks);
}

}  // namespace

void bind_prune(py::module_& module) {
  bind_sizes(module);
  module.def("estimate", &estimate, py::arg("checkpoint"), py::arg("plan"), "What `apply` would write.");
  module.def("apply", &apply, py::arg("checkpoint"), py::arg("plan"), py::arg("output"), py::kw_only(),
             py::arg("policy") = py::none(), py::arg("seed") = py::none(), py::arg("heal") = py::none(),
             py::arg("force") = false, py::arg("threads") = 1, py::arg("progress") = py::none(),
             "Writes the checkpoint without the neurons that the plan removes: a model directory of a directory, a "
             "GGUF file of a GGUF file, complete or not at all. `policy` (a file) and `seed` are for the record of "
             "how it was made. With `heal`, a Healing, the down projections are refitted.");
  module.def("ratio_for_target", &ratio_for, py::arg("checkpoint"), py::arg("target"), py::kw_only(),
             py::arg("round_to") = py::none(),
             "The smallest ratio, and the rounding, that bring a model down to a target: 'params=100M', 'size=80MB', "
             "'macs=90M', or a share as 'size=70%'. Both are for make_plan.");
  py::class_<VerifyReport>(module, "VerifyReport", "Whether a pruned model is what its record says.")
      .def_property_readonly("holds", &VerifyReport::holds)
      .def_readonly("failure_count", &VerifyReport::failure_count)
      .def_property_readonly("failures", &failures, "The first hundred, a sentence each.")
      .def_readonly("warnings", &VerifyReport::warnings);
  module.def("verify", &verify, py::arg("output"), py::arg("against"), py::kw_only(), py::arg("policy") = py::none(),
             py::arg("progress") = py::none(), "Reads a pruned model and the one that it was made from again.");
}

}  // namespace prunenet::python
