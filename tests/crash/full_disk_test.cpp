// A real file system that is full: a small tmpfs, in a mount namespace of its own.
#include "crash_test.h"

namespace prunenet::testing {
namespace {

constexpr int kNotPossible = 77;

/// MOUNT-OPTIONS PROGRAM ARGUMENTS...: runs the program where ./full is that file system, and lists what is left there.
constexpr const char* kScript = R"(
mkdir -p full && mount -t tmpfs -o "$1" none full || exit 77
shift
"$@"
code=$?
ls -A full
exit $code
)";

class FullDisk : public CrashTest {
 protected:
  [[nodiscard]] static Finished run_on(const std::string& mount_options, const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"--map-root-user", "--mount", "sh",          "-c",
                                   kScript,           "sh",      mount_options, PRUNENET_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.insert(words.end(), {"--threads", "1", "--quiet"});
    return run_process("/usr/bin/unshare", words);
  }
  [[nodiscard]] static bool can_mount() {
    const Finished tried = run_on("size=64k", {"--version"});
    return tried.exit_code == 0;
  }
};

TEST_F(FullDisk, NothingIsLeftThere) {
  if (!can_mount()) GTEST_SKIP() << "no file system can be mounted here";
  run_whole({"export", "--model", model(), "--gguf", "m.gguf"});
  // Neither blocks nor names for all of it: the one is checked before the first byte, the other shows as it goes.
  int refused = 0;
  for (const char* options :
       {"size=64k", "size=1m,nr_inodes=1", "size=16m,nr_inodes=4", "size=100m,nr_inodes=2", "size=100m,nr_inodes=7"}) {
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
             {"import", "m.gguf", "--out", "full/out"}, {"export", "--model", model(), "--gguf", "full/out.gguf"}}) {
      SCOPED_TRACE(::testing::Message() << options << ": " << ::testing::PrintToString(verb));
      const Finished finished = run_on(options, verb);
      ASSERT_NE(finished.exit_code, kNotPossible);
      if (finished.exit_code == 0) continue;  // it fitted
      ++refused;
      EXPECT_EQ(finished.exit_code, 4) << finished.err;
      EXPECT_THAT(finished.err, ::testing::HasSubstr("free some space"));
      if (std::string_view(options) == "size=64k") {
        EXPECT_THAT(finished.err, ::testing::HasSubstr("bytes are needed")) << "not before the first byte";
      }
      EXPECT_EQ(finished.out, "") << "left behind";
    }
  }
  EXPECT_GE(refused, 6);
  EXPECT_EQ(run_on("size=200m", {"import", "m.gguf", "--out", "full/out"}).exit_code, 0);
}

}  // namespace
}  // namespace prunenet::testing
