#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "common.h"
#include "prunenet/core/error.h"
#include "prunenet/core/progress.h"

namespace prunenet::python {

/// One report of long work, as a Python callable sees it.
struct ProgressEvent {
  std::string kind;  ///< "begin", "advance", "status", "note", "warn" or "point"
  std::string stage;
  std::string unit;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string text;                     ///< of "status", "note" and "warn"
  std::optional<nlohmann::json> point;  ///< of "point": one of a learning curve
};

/// Takes reports of long work, which runs without the interpreter's lock, to a Python callable; and Python's signals
/// to the work, which then unwinds by Error(kInterrupted). What the callable or a signal handler raises (an interrupt
/// from the keyboard is a KeyboardInterrupt) is kept, and raised again where the work began.
///
/// Advances are passed on ten times a second, and the last of a stage always.
class PythonProgress final : public Progress {
 public:
  /// `callable` may be None.
  explicit PythonProgress(py::object callable) : callable_(std::move(callable)) {}

  void begin(std::string_view stage, std::string_view unit, std::uint64_t total) override;
  void advance(std::uint64_t units) override;
  void status(std::string_view text) override;
  void note(std::string_view text) override;
  void warn(std::string_view text) override;
  /// One point of a learning curve, when it is made (train/curve_log.h).
  void point(const nlohmann::json& point);

  /// With the lock held: raises what was kept, if anything was.
  void raise_what_was_kept() const;

 private:
  void tell(const char* kind, std::string_view text = {}, std::optional<nlohmann::json> point = {});

  py::object callable_;
  ProgressEvent stage_;
  std::chrono::steady_clock::time_point told_;
  std::exception_ptr kept_;
};

/// `work()` without the interpreter's lock: nothing in it may touch a Python object.
template <typename Work>
auto without_lock(Work work) {
  const py::gil_scoped_release released;
  return work();
}

/// `work(progress)`, a PythonProgress, without the lock, reporting to `callable` (or to nobody, where it is None).
template <typename Work>
auto run_long(const py::object& callable, Work work) {
  PythonProgress progress(callable);
  try {
    auto result = without_lock([&] { return work(progress); });
    progress.raise_what_was_kept();
    return result;
  } catch (const Error&) {
    progress.raise_what_was_kept();
    throw;
  }
}

}  // namespace prunenet::python
