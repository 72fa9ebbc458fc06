#include "prunenet/core/registry.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using Numbers = Registry<std::function<int()>>;

TEST(Registry, FindsWhatWasAddedInItsOrder) {
  Numbers numbers("number");
  numbers.add("two", [] { return 2; }).add("one", [] { return 1; });
  EXPECT_EQ(numbers.names(), (std::vector<std::string>{"two", "one"}));
  ASSERT_NE(numbers.find("one"), nullptr);
  EXPECT_EQ((*numbers.find("one"))(), 1);
  EXPECT_EQ(numbers.find("three"), nullptr);
}

TEST(Registry, MakesWhatIsKnownOfItsArguments) {
  Registry<std::function<std::unique_ptr<int>(int)>> numbers("number");
  numbers.add("double", [](int half) { return std::make_unique<int>(2 * half); });
  numbers.add("none", [](int) { return nullptr; });
  EXPECT_EQ(*numbers.make("double", 21), 42);
  EXPECT_EQ(*numbers.at("double")(1), 2);
  testing::expect_error(ErrorKind::kInvalidArgument, {"number 'half' is unknown", "known are double, none"},
                        [&] { (void)numbers.make("half", 1); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"number 'none' was not made"},
                        [&] { (void)numbers.make("none", 1); });
}

TEST(Registry, IsAValue) {
  Numbers numbers("number");
  numbers.add("one", [] { return 1; });
  Numbers more = numbers;
  more.add("two", [] { return 2; });
  EXPECT_EQ(numbers.names().size(), 1U);
  EXPECT_EQ(more.names().size(), 2U);
}

TEST(Registry, RefusesWhatCannotBeToldApartOrMade) {
  Numbers numbers("number");
  numbers.add("one", [] { return 1; });
  testing::expect_error(ErrorKind::kInvalidArgument, {"number 'one'", "already"},
                        [&] { numbers.add("one", [] { return 2; }); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"number ''", "no name"},
                        [&] { numbers.add("", [] { return 2; }); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"number 'two'"}, [&] { numbers.add("two", {}); });
  EXPECT_EQ((*numbers.find("one"))(), 1);
}

}  // namespace
}  // namespace prunenet
