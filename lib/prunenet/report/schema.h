#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace prunenet::schema {

/// Where a value stands: the file, and the path in it ("perplexity[0].ppl").
struct Place {
  std::string file;
  std::string path;

  [[nodiscard]] Place field(const std::string& name) const;
  [[nodiscard]] Place item(std::size_t index) const;
};

/// Throws Error(kBadInput): file, field, what it holds, what it must be.
[[noreturn]] void refuse(const Place& place, const nlohmann::json& value, const std::string& wanted);

/// Accepts a value or calls `refuse`. Checks are put together from the functions below.
using Check = std::function<void(const nlohmann::json& value, const Place& place)>;

struct Field {
  std::string name;
  Check check;
  bool required = false;  ///< where not, the field may be absent or null
};

[[nodiscard]] Check text();                                  ///< a string that is not empty
[[nodiscard]] Check one_of(std::vector<std::string> names);  ///< one of these strings
[[nodiscard]] Check boolean();
[[nodiscard]] Check integer(std::int64_t smallest);
[[nodiscard]] Check number(double smallest, double largest);  ///< finite, both ends included
[[nodiscard]] Check finite();                                 ///< any finite number
[[nodiscard]] Check positive();                               ///< finite and above 0
[[nodiscard]] Check not_negative();                           ///< finite and at least 0
[[nodiscard]] Check list_of(Check item);
[[nodiscard]] Check map_of(Check value);  ///< an object with names of the writer's choice
[[nodiscard]] Check anything();           ///< an object that is not looked into
/// An object with these fields and no others.
[[nodiscard]] Check object(std::vector<Field> fields);

}  // namespace prunenet::schema
