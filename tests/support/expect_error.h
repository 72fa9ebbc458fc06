#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "prunenet/core/error.h"

namespace prunenet::testing {

/// Runs `action` and expects an Error of that kind whose message holds every one of the fragments.
template <typename Action>
void expect_error(ErrorKind kind, std::initializer_list<std::string> fragments, Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << error.what();
    for (const std::string& fragment : fragments) EXPECT_THAT(error.what(), ::testing::HasSubstr(fragment));
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "messages are one line";
    return;
  }
  ADD_FAILURE() << "no error, but " << to_string(kind) << " was expected";
}

}  // namespace prunenet::testing
