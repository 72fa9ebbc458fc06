#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prunenet/core/error.h"
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

  /// In the order in which they were added.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : entries_) names.push_back(entry.first);
    return names;
  }

  /// Pairs of name and Make, in that order.
  [[nodiscard]] const std::vector<std::pair<std::string, Make>>& entries() const { return entries_; }

 private:
  [[noreturn]] void refuse(const std::string& name, const char* why) const {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{} '{}' {}", what_, printable(name), why));
  }

  std::string what_;
  std::vector<std::pair<std::string, Make>> entries_;
};

}  // namespace prunenet
