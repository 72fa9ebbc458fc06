#pragma once

#include <string_view>

namespace prunenet {

/// Of this library, "major.minor.patch".
[[nodiscard]] std::string_view version();

}  // namespace prunenet
