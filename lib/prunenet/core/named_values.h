#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prunenet {

/// Throws Error(kInvalidArgument): "WHAT 'NAME' is unknown; known are A, B".
[[noreturn]] void refuse_name(std::string_view what, std::string_view name, const std::vector<std::string>& known);

/// The values of an enumeration by the names that files and options give them, in the order in which messages list
/// them.
template <typename Value, std::size_t N>
using NamedValues = std::array<std::pair<Value, std::string_view>, N>;

/// Empty where the value has no name.
template <typename Value, std::size_t N>
[[nodiscard]] constexpr std::string_view name_of(const NamedValues<Value, N>& names, Value value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return {};
}

/// `what` is named, for messages: "estimator". Throws as `refuse_name`.
template <typename Value, std::size_t N>
[[nodiscard]] Value value_named(const NamedValues<Value, N>& names, std::string_view what, std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [value, candidate] : names) {
    if (candidate == name) return value;
    known.emplace_back(candidate);
  }
  refuse_name(what, name, known);
}

}  // namespace prunenet
