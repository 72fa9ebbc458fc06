#include "prunenet/core/error.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet {
namespace {

TEST(Located, SaysWhereAndPassesOnWhatComesOut) {
  EXPECT_EQ(located("layer 3", [] { return 7; }), 7);
  testing::expect_error(ErrorKind::kMismatch, {"layer 3: two do not fit"},
                        [] { located("layer 3", [] { throw Error(ErrorKind::kMismatch, "two do not fit"); }); });
}

}  // namespace
}  // namespace prunenet
