#pragma once

#include <string>

#include "prunenet/policy/policy.h"

namespace prunenet::python {

/// What Python calls a Policy.
struct LoadedPolicy {
  Policy policy;
  std::string source = "policy";  ///< as plans name it: with the SHA-256 of the file that it was read from
};

}  // namespace prunenet::python
