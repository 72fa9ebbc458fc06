#include "prunenet/core/error.h"

namespace prunenet {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return "invalid argument";
    case ErrorKind::kBadInput:
      return "bad input";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kMismatch:
      return "mismatch";
    case ErrorKind::kAlreadyExists:
      return "already exists";
    case ErrorKind::kOutOfSpace:
      return "out of space";
    case ErrorKind::kIo:
      return "input/output";
    case ErrorKind::kNumerical:
      return "numerical";
    case ErrorKind::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

}  // namespace prunenet
