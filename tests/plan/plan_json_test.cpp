#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "prunenet/plan/plan.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using nlohmann::json;
using testing::expect_error;

json valid() {
  return json::parse(R"({"format": "prunenet-plan", "format_version": 1, "source": "by hand", "intermediate_size": 6,
                         "requested_ratio": 0.4, "round_to": 2, "keep_indices": [[0, 1, 2, 5], [2, 3, 4, 5]]})");
}

void expect_refused(const std::string& field, const json& value, std::initializer_list<std::string> fragments) {
  json changed = valid();
  changed[field] = value;
  expect_error(ErrorKind::kBadInput, fragments, [&] { (void)plan_from_json(changed); });
}

TEST(PlanJson, IsReadFieldByField) {
  const Plan plan = plan_from_json(valid());
  EXPECT_EQ(plan.source, "by hand");
  EXPECT_EQ(plan.intermediate_size, 6);
  EXPECT_EQ(plan.requested_ratio, 0.4);
  EXPECT_EQ(plan.round_to, 2);
  EXPECT_EQ(plan.keep_indices, (std::vector<std::vector<std::int64_t>>{{0, 1, 2, 5}, {2, 3, 4, 5}}));
  EXPECT_EQ(to_json(plan), valid());
}

RC_GTEST_PROP(PlanJson, TextRoundTripChangesNothing, ()) {
  const auto size = static_cast<std::size_t>(*rc::gen::inRange(1, 50));
  const auto scores = *rc::gen::container<std::vector<std::vector<float>>>(
      static_cast<std::size_t>(*rc::gen::inRange(1, 5)),
      rc::gen::container<std::vector<float>>(
          size, rc::gen::map(rc::gen::inRange(-9, 9), [](int value) { return static_cast<float>(value); })));
  const auto round_to = *rc::gen::inRange<std::int64_t>(1, static_cast<std::int64_t>(size) + 1);
  const Plan plan = make_uniform_plan(scores, *rc::gen::inRange(0, 951) / 1000.0, round_to, "generated");
  const Plan back = plan_from_json(json::parse(to_json(plan).dump()));
  RC_ASSERT(back.source == plan.source);
  RC_ASSERT(back.intermediate_size == plan.intermediate_size);
  RC_ASSERT(back.requested_ratio == plan.requested_ratio);
  RC_ASSERT(back.round_to == plan.round_to);
  RC_ASSERT(back.keep_indices == plan.keep_indices);
}

TEST(PlanJsonErrors, NotAnObject) {
  expect_error(ErrorKind::kBadInput, {"not a JSON object", "[1,2]"}, [] { (void)plan_from_json(json{1, 2}); });
}

TEST(PlanJsonErrors, EveryMissingField) {
  const json whole = valid();
  for (const auto& [field, value] : whole.items()) {
    json changed = whole;
    changed.erase(field);
    expect_error(ErrorKind::kBadInput, {"\"" + field + "\" is missing"}, [&] { (void)plan_from_json(changed); });
  }
}

TEST(PlanJsonErrors, UnknownField) {
  expect_refused("keep_indexes", 1, {"unknown field", "keep_indexes"});
  expect_refused(std::string(500, 'x') + "\n", 1, {"unknown field", "xxx..."});
}

TEST(PlanJsonErrors, FormatAndVersion) {
  expect_refused("format", "another", {"\"format\" is \"another\"", "prunenet-plan"});
  expect_refused("format_version", 2, {"format_version is 2", "reads 1"});
  expect_refused("format_version", "1", {"format_version", "integer"});
}

TEST(PlanJsonErrors, Scalars) {
  expect_refused("source", 3, {"\"source\" is 3", "text"});
  expect_refused("intermediate_size", 0, {"\"intermediate_size\" is 0", "at least 1"});
  expect_refused("intermediate_size", 6.0, {"\"intermediate_size\" is 6.0", "integer"});
  expect_refused("intermediate_size", 18446744073709551615ULL, {"18446744073709551615", "integer"});
  expect_refused("requested_ratio", 0.96, {"\"requested_ratio\" is 0.96", "[0, 0.95]"});
  expect_refused("requested_ratio", nullptr, {"\"requested_ratio\" is null"});
  expect_refused("round_to", -1, {"\"round_to\" is -1", "at least 1"});
}

TEST(PlanJsonErrors, KeepIndices) {
  expect_refused("keep_indices", json::array(), {"keep_indices", "at least one layer"});
  expect_refused("keep_indices", {{0, 1}, json::array()}, {"layer 1", "at least one index"});
  expect_refused("keep_indices", {{0, 1}, 7}, {"layer 1", "list"});
  expect_refused("keep_indices", {{0, 1}, {0, 6}}, {"layer 1, position 1", "6", "below 6"});
  expect_refused("keep_indices", {{-1, 1}}, {"layer 0, position 0", "-1", "above -1"});
  expect_refused("keep_indices", {{0, 3, 3, 4}}, {"layer 0, position 2", "above 3"});
  expect_refused("keep_indices", {{4, 2}}, {"layer 0, position 1", "above 4"});
  expect_refused("keep_indices", {{0, 1.5}}, {"layer 0, position 1", "1.5", "integer"});
  expect_refused("keep_indices", {{0, 18446744073709551615ULL}}, {"position 1", "18446744073709551615"});
  expect_refused("keep_indices", {{0, 1, 2}}, {"layer 0", "3 neurons", "round_to 2"});
}

}  // namespace
}  // namespace prunenet
