#include "prunenet/checkpoint/strict_json.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;

void expect_refused(std::initializer_list<std::string> fragments, const std::string& text) {
  expect_error(ErrorKind::kBadInput, fragments, [&] { (void)parse_json_object(text, "x.json"); });
}

std::string nested(int levels) {
  return R"({"a":)" + std::string(static_cast<std::size_t>(levels - 1), '[') +
         std::string(static_cast<std::size_t>(levels - 1), ']') + "}";
}

TEST(StrictJson, TakesAnObjectWithWhiteSpaceAroundIt) {
  EXPECT_EQ(parse_json_object(" \n{\"a\": [1]}\t ", "x.json"), (nlohmann::json{{"a", {1}}}));
}

TEST(StrictJson, MustBeAnObject) {
  for (const char* text : {"", " ", "[1]", "1", "null", "\"a\""}) expect_refused({"x.json", "not a JSON object"}, text);
  EXPECT_EQ(parse_json("[1]", "x.json"), nlohmann::json{1});
}

TEST(StrictJson, MustBeWhole) {
  for (const char* text : {"{", "{\"a\":1", "{} x", "{}{}", "{\"a\":01}", "{'a':1}"}) {
    expect_refused({"x.json", "not valid JSON"}, text);
  }
  expect_error(ErrorKind::kBadInput, {"x.json", "not valid JSON"}, [] { (void)parse_json("", "x.json"); });
}

TEST(StrictJson, MustBeUtf8WithoutMarkAndNul) {
  expect_refused({"not valid JSON", "UTF-8"}, "{\"\xff\":1}");
  expect_refused({"not a JSON object"}, "\xef\xbb\xbf{}");
  expect_error(ErrorKind::kBadInput, {"byte order mark"}, [] { (void)parse_json("\xef\xbb\xbf[]", "x.json"); });
  expect_refused({"NUL byte at offset 2"}, std::string("{}\0", 3));
}

TEST(StrictJson, KeysStandOnce) {
  expect_refused({"'a' stands twice"}, R"({"a":1,"b":{"a":2},"a":3})");
  expect_refused({"'b' stands twice"}, R"({"a":[{"b":1,"b":1}]})");
  expect_refused({"'\\x0a' stands twice"}, R"({"\n":1,"\n":2})");
}

TEST(StrictJson, DepthIsLimited) {
  EXPECT_NO_THROW((void)parse_json_object(nested(kMaxJsonDepth), "x.json"));
  expect_refused({"nested deeper than 64 levels"}, nested(kMaxJsonDepth + 1));
  expect_refused({"nested deeper than 64 levels"}, R"({"a":)" + std::string(1'000'000, '['));
}

TEST(StrictJson, NumbersThatFitNoTypeAreRefused) {
  expect_refused({"not valid JSON"}, R"({"a":1e999})");
}

TEST(StrictJson, ObjectsThatKeepTheirOrderAreLimited) {
  std::string text = "{";
  for (int key = 0; key <= 10'000; ++key) text += '"' + std::to_string(key) + "\":0,";
  text.back() = '}';
  EXPECT_EQ(parse_json_object(text, "x.json").size(), 10'001U);
  expect_error(ErrorKind::kBadInput, {"x.json", "more than 10000 keys"},
               [&] { (void)parse_ordered_json_object(text, "x.json"); });
  EXPECT_EQ(parse_ordered_json_object(R"({"b":1,"a":2})", "x.json").dump(), R"({"b":1,"a":2})");
}

TEST(StrictJson, FilesAreLimited) {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "x.json", "{\"a\":1}");
  EXPECT_EQ(read_json_object(directory / "x.json"), (nlohmann::json{{"a", 1}}));
  expect_error(ErrorKind::kBadInput, {"x.json", "7 bytes", "at most 6"},
               [&] { (void)read_json_object(directory / "x.json", 6); });
}

}  // namespace
}  // namespace prunenet
