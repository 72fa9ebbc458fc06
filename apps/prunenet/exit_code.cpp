#include "exit_code.h"

#include <new>
#include <string_view>

namespace prunenet::cli {

namespace {

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

/// libtorch reports a failed allocation as its general exception, so only the text tells.
bool is_failed_allocation(std::string_view message) {
  return message.find("can't allocate memory") != std::string_view::npos ||
         message.find("not enough memory") != std::string_view::npos ||
         message.find("CUDA out of memory") != std::string_view::npos;
}

}  // namespace

ExitCode exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kAlreadyExists:
      return kUsage;
    case ErrorKind::kBadInput:
    case ErrorKind::kUnsupported:
    case ErrorKind::kMismatch:
      return kBadInputFile;
    case ErrorKind::kOutOfSpace:
      return kNoRoom;
    case ErrorKind::kInterrupted:
      return kInterruptedBySignal;
    case ErrorKind::kIo:
    case ErrorKind::kNumerical:
      return kFailed;
  }
  return kFailed;
}

Failure describe(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    return {exit_code_of(error.kind()), error.what()};
  } catch (const std::bad_alloc&) {
    return {kNoRoom, "not enough memory; use a smaller batch or context, or a machine with more memory"};
  } catch (const std::exception& error) {
    const std::string message = first_line(error.what());
    return {is_failed_allocation(message) ? kNoRoom : kFailed, message};
  } catch (...) {
    return {kFailed, "an exception of unknown type"};
  }
}

}  // namespace prunenet::cli
