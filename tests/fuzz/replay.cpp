// Feeds a target the files of its corpus and mutations of them: what every run of the tests does in place of fuzzing.
//
//   replay TARGET FOLDER
//
// Files named good-* must be accepted, files named bad-* must be refused.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/harness.h"
#include "prunenet/core/file.h"
#include "prunenet/core/rng.h"
#include "support/mutate.h"

namespace prunenet::testing {
namespace {

constexpr int kMutations = 1000;  // of all files together

struct Tally {
  int accepted = 0;
  int refused = 0;
  int wrong = 0;
};

void replay_file(FuzzTarget target, const std::filesystem::path& path, int mutations, Tally& tally) {
  const std::string name = path.filename().string();
  const std::string bytes = read_text_file(path);
  const bool good = name.starts_with("good-");
  if ((run_fuzz_target(target, bytes) == FuzzOutcome::kAccepted) != good) {
    std::fprintf(stderr, "%s is %s\n", path.c_str(), good ? "refused" : "accepted");
    ++tally.wrong;
  }
  Rng rng(11);
  for (int i = 0; i < mutations; ++i) {
    const bool accepted = run_fuzz_target(target, mutate(bytes, rng)) == FuzzOutcome::kAccepted;
    ++(accepted ? tally.accepted : tally.refused);
  }
}

int replay(const std::string& name, const std::filesystem::path& folder) {
  const auto target = fuzz_targets().find(name);
  if (target == fuzz_targets().end()) {
    std::fprintf(stderr, "there is no target %s\n", name.c_str());
    return 2;
  }
  std::vector<std::filesystem::path> files;
  int good = 0;
  for (const auto& item : std::filesystem::directory_iterator(folder)) {
    files.push_back(item.path());
    if (item.path().filename().string().starts_with("good-")) ++good;
  }
  if (good == 0) {
    std::fprintf(stderr, "%s holds no good-*, so mutations would not reach far\n", folder.c_str());
    return 2;
  }
  std::sort(files.begin(), files.end());
  Tally tally;
  static_cast<void>(run_fuzz_target(target->second, ""));  // what libFuzzer begins with
  const int each = kMutations / static_cast<int>(files.size()) + 1;
  for (const auto& file : files) replay_file(target->second, file, each, tally);
  std::printf("%s: %zu files; of their mutations %d accepted, %d refused\n", name.c_str(), files.size(), tally.accepted,
              tally.refused);
  return tally.wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace prunenet::testing

int main(int argc, char** argv) {
  return argc == 3 ? prunenet::testing::replay(argv[1], argv[2]) : 2;
}
