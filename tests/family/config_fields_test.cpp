#include "prunenet/family/config_fields.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using nlohmann::json;

TEST(ConfigFields, ReadsValuesInRangeAndFallsBackAtMissingOrNull) {
  const json object = json::parse(R"({"n": 7, "x": 0.5, "whole": 2, "on": true, "s": "t", "null": null, "l": [3, 4],
                                      "names": ["a", "b"]})");
  const ConfigFields fields(object, "config.json");
  EXPECT_EQ(fields.integer("n", 7, 7), 7);
  EXPECT_EQ(fields.integer_or("null", 3, 0, 1), 3);
  EXPECT_EQ(fields.number("x", 0.0, 1.0), 0.5);
  EXPECT_EQ(fields.number("whole", 0.0, 2.0), 2.0);
  EXPECT_EQ(fields.number_or("missing", 0.25, 0.0, 1.0), 0.25);
  EXPECT_TRUE(fields.boolean_or("on", false));
  EXPECT_EQ(fields.text_or("null", "other"), "other");
  EXPECT_EQ(fields.text("s"), "t");
  EXPECT_EQ(fields.integers("l", 3, 4), (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(fields.integers("n", 0, 9), (std::vector<std::int64_t>{7}));
  EXPECT_TRUE(fields.integers("null", 0, 9).empty());
  EXPECT_EQ(fields.texts("names"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(fields.texts("null").empty());
  EXPECT_FALSE(fields.has("null"));
  EXPECT_TRUE(fields.mentions("null"));
  EXPECT_FALSE(fields.object("missing").has_value());
}

TEST(ConfigFields, ErrorsNameFileKeyValueAndRange) {
  const json object = json::parse(
      R"({"text": "4", "float": 4.0, "big": 18446744073709551615, "low": -1, "list": [1, "2"], "inner": {"k": 9}})");
  const ConfigFields fields(object, "dir/config.json");
  const auto kind = ErrorKind::kBadInput;
  testing::expect_error(kind, {"dir/config.json", "gone is missing"}, [&] { (void)fields.integer("gone", 0, 1); });
  testing::expect_error(kind, {"text is \"4\"", "not an integer"}, [&] { (void)fields.integer("text", 0, 9); });
  testing::expect_error(kind, {"float is 4.0", "not an integer"}, [&] { (void)fields.integer("float", 0, 9); });
  testing::expect_error(kind, {"big is 18446744073709551615", "[0, 9]"}, [&] { (void)fields.integer("big", 0, 9); });
  testing::expect_error(kind, {"low is -1", "[0, 9]"}, [&] { (void)fields.integer("low", 0, 9); });
  testing::expect_error(kind, {"low is -1", "[0, 0.5]"}, [&] { (void)fields.number("low", 0.0, 0.5); });
  testing::expect_error(kind, {"text", "not a number"}, [&] { (void)fields.number("text", 0.0, 1.0); });
  testing::expect_error(kind, {"low", "neither true nor false"}, [&] { (void)fields.boolean_or("low", true); });
  testing::expect_error(kind, {"low", "not a string"}, [&] { (void)fields.text("low"); });
  testing::expect_error(kind, {"list is \"2\""}, [&] { (void)fields.integers("list", 0, 9); });
  testing::expect_error(kind, {"low is -1", "not a list of strings"}, [&] { (void)fields.texts("low"); });
  testing::expect_error(kind, {"list holds 1", "not a string"}, [&] { (void)fields.texts("list"); });
  testing::expect_error(kind, {"low", "not an object"}, [&] { (void)fields.object("low"); });
  testing::expect_error(kind, {"inner.k is 9", "[0, 1]"}, [&] { (void)fields.object("inner")->integer("k", 0, 1); });
  testing::expect_error(ErrorKind::kUnsupported, {"dir/config.json: low why"}, [&] { fields.refuse("low", "why"); });
}

}  // namespace
}  // namespace prunenet
