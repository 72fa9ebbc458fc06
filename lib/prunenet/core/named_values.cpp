#include "prunenet/core/named_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

void refuse_name(std::string_view what, std::string_view name, const std::vector<std::string>& known) {
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("{} '{}' is unknown; known are {}", what, printable(name), fmt::join(known, ", ")));
}

}  // namespace prunenet
