#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace prunenet {

/// The closed set of ways in which this library fails. The command's exit codes follow from it
/// (apps/prunenet/exit_code.h).
enum class ErrorKind {
  kInvalidArgument,  ///< a value the caller passed is outside its documented range
  kBadInput,         ///< a file is missing, truncated, malformed or inconsistent
  kUnsupported,      ///< a well-formed input uses something this version does not compute with
  kMismatch,         ///< two well-formed inputs do not belong together (policy and features, plan and model, ...)
  kAlreadyExists,    ///< an output is in the way
  kOutOfSpace,       ///< not enough disk or memory for the job
  kIo,               ///< the operating system refused a read or a write
  kNumerical,        ///< a computation did not converge, or a weight is not finite
  kInterrupted,      ///< the caller's progress interface asked to stop
};

/// Short name of a kind, as it stands in logs: "bad input", "mismatch", ...
[[nodiscard]] std::string_view to_string(ErrorKind kind);

/// The one exception type the library throws. `what()` is one line: what failed, where, the numbers, what to do.
class Error : public std::runtime_error {
 public:
  /// message: one line that says what, where, the numbers, and what to do.
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  /// For callers that act on it; the command makes its exit code of it.
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

/// What `action()` gives; an Error that leaves it says `where` first: "layer 3: ...".
template <typename Action>
auto located(const std::string& where, Action action) {
  try {
    return action();
  } catch (const Error& error) {
    throw Error(error.kind(), where + ": " + error.what());
  }
}

}  // namespace prunenet
