// --policy takes names: of installed policies, of families, and of what PRUNENET_POLICY_PATH adds.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "command_test.h"
#include "find_policy.h"
#include "prunenet/core/error.h"

namespace prunenet::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kVariable = "PRUNENET_POLICY_PATH";

class PolicyNames : public CommandTest {
 protected:
  PolicyNames() { set_path("first::" + path("second")); }
  ~PolicyNames() override { ::unsetenv(kVariable); }

  static void set_path(const std::string& value) { ::setenv(kVariable, value.c_str(), 1); }
  void SetUp() override {
    fs::create_directory("first");
    fs::create_directory("second");
    write_file("second/ours.safetensors", "");
    write_file("second/families.yaml", "gemma: ours\n");
  }
  static std::string failure_of(const std::string& policy) {
    try {
      return "found " + cli::find_policy(policy);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      return error.what();
    }
  }
};

TEST_F(PolicyNames, PathsStayAsTheyAre) {
  write_file("ours", "");
  for (const std::string& policy :
       std::vector<std::string>{"", "ours", "./gemma", "no/where", "ours.safetensors", path("ours")}) {
    EXPECT_EQ(cli::find_policy(policy), policy);
  }
}

TEST_F(PolicyNames, WithNowhereToLookTheReasonIsSaid) {
  EXPECT_EQ(cli::find_policy("./gemma", {}), "./gemma");
  try {
    static_cast<void>(cli::find_policy("gemma", {}));
    FAIL() << "found in no directory";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("--policy gemma"), HasSubstr("/proc"), HasSubstr(kVariable)));
  }
}

TEST_F(PolicyNames, NamesAreOfFilesAndFamilies) {
  EXPECT_EQ(cli::find_policy("ours"), path("second/ours.safetensors"));
  EXPECT_EQ(cli::find_policy("gemma"), path("second/ours.safetensors"));
  EXPECT_THAT(cli::policy_names(), AllOf(Contains("gemma"), Contains("ours")));
}

TEST_F(PolicyNames, TheFirstDirectoryWinsAndThereAFilesOwnName) {
  write_file("first/gemma.safetensors", "");
  write_file("first/families.yaml", "gemma: other\nours: other\n");
  EXPECT_EQ(cli::find_policy("gemma"), "first/gemma.safetensors");
  EXPECT_EQ(cli::find_policy("ours"), "first/other.safetensors");
}

TEST_F(PolicyNames, UnknownOnesAreRefusedWithTheKnown) {
  EXPECT_THAT(failure_of("gemma3"), AllOf(HasSubstr("--policy gemma3"), HasSubstr("first"), HasSubstr(path("second")),
                                          HasSubstr("gemma, "), HasSubstr("ours"), HasSubstr(kVariable)));
  expect_failure({"apply", "--model", model("small"), "--policy", "gemma3", "--ratio", "0.3", "--out", "out"}, 3,
                 {"gemma3", "ours"});
  expect_failure({"refine", "--model", model("small"), "--policy", "gemma3", "--out", "p.safetensors"}, 3, {"gemma3"});
}

TEST_F(PolicyNames, AnIndexMustMapToNames) {
  write_file("first/families.yaml", "opt: [1]\n");
  EXPECT_THAT(failure_of("opt"), AllOf(HasSubstr("first/families.yaml"), HasSubstr("'opt' is [1]")));
  write_file("first/families.yaml", "opt: ../../elsewhere\n");
  EXPECT_THAT(failure_of("opt"), HasSubstr("../../elsewhere"));
  write_file("first/families.yaml", "opt\n");
  EXPECT_THAT(failure_of("opt"), HasSubstr("first/families.yaml"));
}

/// The program of a build takes the policies of the sources; every family that they serve has one that is there.
TEST_F(PolicyNames, FamiliesOfTheSources) {
  const std::string policies = std::string(PRUNENET_TEST_DATA) + "/../../policies";
  set_path(policies);
  EXPECT_THAT(cli::policy_names(), Contains("llama"));
  for (const std::string& name : cli::policy_names()) {
    EXPECT_TRUE(fs::exists(cli::find_policy(name))) << name;
  }
  const Finished finished =
      run_program({"apply", "--model", model("small"), "--policy", "llama", "--ratio", "0.3", "--out", "out"},
                  {.environment = {{kVariable, ""}}});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("policies/smollm2-refined.safetensors"));
  run_well({"verify", "out", "--against", model("small"), "--policy", "llama"});
  EXPECT_EQ(run({"verify", "out", "--against", model("small"), "--policy", "smollm2"}).exit_code, 1) << "another one";
}

}  // namespace
}  // namespace prunenet::testing
