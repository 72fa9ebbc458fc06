#include "prunenet/core/version.h"

namespace prunenet {

std::string_view version() {
  return PRUNENET_VERSION;
}

}  // namespace prunenet
