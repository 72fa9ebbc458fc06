#include "prunenet/plan/plan.h"

#include <optional>

#include "arrays.h"
#include "common.h"
#include "progress.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/output_file.h"
#include "prunenet/plan/budget.h"
#include "rounding.h"

namespace prunenet::python {

namespace {

using Scores = std::vector<std::vector<float>>;

/// Checked as if it were read from a file.
Plan plan_of(std::vector<std::vector<std::int64_t>> keep_indices, std::int64_t intermediate_size, double ratio,
             std::int64_t round_to, std::string source) {
  Plan plan;
  plan.source = std::move(source);
  plan.intermediate_size = intermediate_size;
  plan.requested_ratio = ratio;
  plan.round_to = round_to;
  plan.keep_indices = std::move(keep_indices);
  return plan_from_json(to_json(plan));
}

Plan make(const Scores& scores, double ratio, const Rounding& round_to,
          const std::optional<nlohmann::json>& budget_json, const std::string& source) {
  const auto neurons = scores.empty() ? std::int64_t{0} : static_cast<std::int64_t>(scores.front().size());
  const std::int64_t multiple = round_to ? multiple_of(*round_to) : default_rounding(neurons, ratio);
  if (!budget_json) return make_uniform_plan(scores, ratio, multiple, source);
  const Budget budget = budget_for_depth(budget_from_json(*budget_json), static_cast<std::int64_t>(scores.size()));
  return make_budget_plan(scores, budget, ratio, multiple, source);
}

Plan load_plan(const std::filesystem::path& path) {
  const nlohmann::json json = read_json_object(path);
  return located(path.string(), [&] { return plan_from_json(json); });
}

py::list keep_indices(const py::object& self) {
  py::list layers;
  for (const auto& layer : self.cast<const Plan&>().keep_indices) {
    layers.append(view(layer.data(), {extent(layer.size())}, self));
  }
  return layers;
}

}  // namespace

void bind_plan(py::module_& module) {
  py::class_<Plan>(module, "Plan", "Which neurons of every feed-forward block stay.")
      .def(py::init(&plan_of), py::arg("keep_indices"), py::arg("intermediate_size"), py::arg("ratio"),
           py::arg("round_to") = 1, py::arg("source") = "python",
           "From indices of any origin: strictly ascending ones in [0, I) for each layer.")
      .def_static("load", &load_plan, py::arg("path"))
      .def_static("from_dict", &plan_from_json, py::arg("fields"))
      .def("to_dict", py::overload_cast<const Plan&>(&to_json), "The fields of the JSON file (docs/formats.md).")
      .def(
          "save",
          [](const Plan& plan, const std::filesystem::path& path) {
            write_file_atomically(path, to_json(plan).dump() + "\n");
          },
          py::arg("path"), "Writes the file that `prunenet apply --plan-out` writes: complete, or not at all.")
      .def_readonly("source", &Plan::source)
      .def_readonly("intermediate_size", &Plan::intermediate_size)
      .def_readonly("requested_ratio", &Plan::requested_ratio)
      .def_readonly("round_to", &Plan::round_to)
      .def_property_readonly("achieved_ratio", &Plan::achieved_ratio)
      .def_property_readonly("widths", &Plan::widths, "Neurons that stay, a layer each.")
      .def_property_readonly("keep_indices", &keep_indices, "A layer each: ascending int64, read-only.")
      .def("__eq__", [](const Plan& plan, const Plan& other) { return to_json(plan) == to_json(other); })
      .def("__eq__", [](const Plan& /*plan*/, const py::object& /*other*/) { return false; });

  module.def("make_plan", &make, py::arg("scores"), py::arg("ratio"), py::kw_only(), py::arg("round_to") = py::none(),
             py::arg("budget") = py::none(), py::arg("source") = "python",
             "Keeps the best neurons of each layer: scores of I neurons a layer, larger stays. `round_to` is a number "
             "or a preset ('none', 'gguf', ...); None takes the default of the width. `budget`, a policy's, gives "
             "each layer a width of its own; None gives all the same.");
  module.def("width_for_ratio", &width_for_ratio, py::arg("intermediate_size"), py::arg("ratio"), py::arg("round_to"));
  module.attr("MAX_RATIO") = kMaxRatio;
}

}  // namespace prunenet::python
