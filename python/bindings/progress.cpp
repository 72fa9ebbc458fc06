#include "progress.h"

#include <utility>

namespace prunenet::python {

namespace {

constexpr std::chrono::milliseconds kBetweenAdvances(100);

}  // namespace

void PythonProgress::begin(std::string_view stage, std::string_view unit, std::uint64_t total) {
  stage_ = {.kind = {},
            .stage = std::string(stage),
            .unit = std::string(unit),
            .done = 0,
            .total = total,
            .text = {},
            .point = {}};
  tell("begin");
}

void PythonProgress::advance(std::uint64_t units) {
  stage_.done += units;
  const bool last = stage_.done == stage_.total;
  if (last || std::chrono::steady_clock::now() - told_ >= kBetweenAdvances) tell("advance");
}

void PythonProgress::status(std::string_view text) {
  tell("status", text);
}

void PythonProgress::note(std::string_view text) {
  tell("note", text);
}

void PythonProgress::warn(std::string_view text) {
  tell("warn", text);
}

void PythonProgress::point(const nlohmann::json& point) {
  tell("point", {}, point);
}

void PythonProgress::tell(const char* kind, std::string_view text, std::optional<nlohmann::json> point) {
  told_ = std::chrono::steady_clock::now();
  const py::gil_scoped_acquire lock;
  try {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (callable_.is_none()) return;
    ProgressEvent event = stage_;
    event.kind = kind;
    event.text = text;
    event.point = std::move(point);
    callable_(std::move(event));
  } catch (const py::error_already_set&) {
    kept_ = std::current_exception();
    throw Error(ErrorKind::kInterrupted, "stopped by the caller");
  }
}

void PythonProgress::raise_what_was_kept() const {
  if (kept_) std::rethrow_exception(kept_);
}

void bind_progress(py::module_& module) {
  py::class_<ProgressEvent>(module, "ProgressEvent", "What long work tells the callable that it was given.")
      .def_readonly("kind", &ProgressEvent::kind, "'begin' of a stage, 'advance', 'status', 'note', 'warn' or 'point'.")
      .def_readonly("stage", &ProgressEvent::stage)
      .def_readonly("unit", &ProgressEvent::unit, "What `done` and `total` count.")
      .def_readonly("done", &ProgressEvent::done)
      .def_readonly("total", &ProgressEvent::total)
      .def_readonly("text", &ProgressEvent::text, "Of 'status', 'note' and 'warn'.")
      .def_property_readonly(
          "point", [](const ProgressEvent& event) { return event.point; },
          "Of 'point': one of a learning curve, as soon as it is made.")
      .def("__repr__", [](const ProgressEvent& event) {
        return "ProgressEvent(" + event.kind + ", " + event.stage + ", " + std::to_string(event.done) + " of " +
               std::to_string(event.total) + " " + event.unit + (event.text.empty() ? "" : ", " + event.text) + ")";
      });
}

}  // namespace prunenet::python
