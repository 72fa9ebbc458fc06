#include "prunenet/core/base_name.h"

#include <gtest/gtest.h>

namespace prunenet {
namespace {

TEST(BaseName, IsTheLastPartHoweverAPathIsWritten) {
  for (const char* path :
       {"smollm2", "smollm2/", "./smollm2", "smollm2/.", "x/../smollm2/", "/models/smollm2//", "smollm2/x/.."}) {
    EXPECT_EQ(base_name(path), "smollm2") << path;
  }
  EXPECT_EQ(base_name("smollm2.gguf"), "smollm2.gguf");
  EXPECT_EQ(base_name("."), std::filesystem::current_path().filename().string());
  EXPECT_EQ(base_name("/"), "");
}

}  // namespace
}  // namespace prunenet
