#include "prunenet/core/named_values.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet {
namespace {

enum class Colour { kRed, kGreen, kNone };
constexpr NamedValues<Colour, 2> kColours{{{Colour::kGreen, "green"}, {Colour::kRed, "red"}}};

TEST(NamedValues, NamesAndValuesBelongTogether) {
  for (const auto& [colour, name] : kColours) {
    EXPECT_EQ(name_of(kColours, colour), name);
    EXPECT_EQ(value_named(kColours, "colour", name), colour);
  }
  EXPECT_EQ(name_of(kColours, Colour::kNone), "");
}

TEST(NamedValues, UnknownNamesAreRefusedInOneLineThatListsTheKnown) {
  testing::expect_error(ErrorKind::kInvalidArgument, {"colour 'blu\\x0ae' is unknown", "known are green, red"},
                        [] { (void)value_named(kColours, "colour", "blu\ne"); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"colour '' is unknown"},
                        [] { (void)value_named(kColours, "colour", ""); });
}

}  // namespace
}  // namespace prunenet
