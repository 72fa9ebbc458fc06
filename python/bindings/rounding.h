#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "prunenet/plan/plan.h"

namespace prunenet::python {

/// What widths are a multiple of: a number, a preset's name, or nothing for the default of the width.
using Rounding = std::optional<std::variant<std::int64_t, std::string>>;

/// Throws what parse_rounding throws.
[[nodiscard]] inline std::int64_t multiple_of(const Rounding::value_type& round_to) {
  if (const auto* preset = std::get_if<std::string>(&round_to)) return parse_rounding(*preset);
  return std::get<std::int64_t>(round_to);
}

}  // namespace prunenet::python
