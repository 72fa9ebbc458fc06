#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/named_values.h"
#include "prunenet/core/printable.h"

namespace prunenet {

/// What can be made by name, in the order in which it was added: a plain value, so that a program adds its own to a
/// copy of the library's and hands it to what makes things of it. Nothing is registered behind anybody's back.
///
/// Make: a callable, std::function<std::unique_ptr<Thing>(...)>.
template <typename Make>
class Registry {
 public:
  /// Empty. what: one of its things, for messages: "method".
  explicit Registry(std::string what) : what_(std::move(what)) {}

  /// Throws Error(kInvalidArgument) for a name that is empty or there already, and for a `make` that is empty.
  Registry& add(std::string name, Make make) {
    if (name.empty() || !make) refuse(name, "has no name, or nothing that makes it");
    if (find(name) != nullptr) refuse(name, "is there already; choose another name");
    entries_.emplace_back(std::move(name), std::move(make));
    return *this;
  }

  /// Null where there is none of that name; until the next `add` otherwise.
  [[nodiscard]] const Make* find(std::string_view name) const {
    for (const auto& entry : entries_) {
      if (entry.first == name) return &entry.second;
    }
    return nullptr;
  }

  /// Throws Error(kInvalidArgument) that lists the known names where there is none of that name.
  [[nodiscard]] const Make& at(std::string_view name) const {
    if (const Make* make = find(name)) return *make;
    refuse_name(what_, name, names());
  }

  /// What at(name) makes of the arguments. Throws as `at`, Error(kInvalidArgument) where it makes nothing, and what the
  /// callable throws.
  template <typename... Arguments>
  [[nodiscard]] auto make(std::string_view name, Arguments&&... arguments) const {
    auto made = at(name)(std::forward<Arguments>(arguments)...);
    if (made == nullptr) refuse(name, "was not made: what was added under that name returned nothing");
    return made;
  }

  /// In the order in which they were added.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : entries_) names.push_back(entry.first);
    return names;
  }

 private:
  [[noreturn]] void refuse(std::string_view name, std::string_view why) const {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{} '{}' {}", what_, printable(name), why));
  }

  std::string what_;
  std::vector<std::pair<std::string, Make>> entries_;
};

}  // namespace prunenet
