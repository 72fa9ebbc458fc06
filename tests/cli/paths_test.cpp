// Where things lie: names that need quoting, links, places that cannot be written, outputs in inputs, two runs at once.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "command_test.h"
#include "prunenet/core/unfinished.h"

namespace prunenet::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Words = std::vector<std::string>;

class Paths : public CommandTest {
 protected:
  void SetUp() override {
    write_file(path("r.yaml"), "probe: {tokens: 256, held_out_tokens: 64}\ntrain: {steps: 1, hidden: 8}\n");
    run_well({"train", "--model", model("small"), "--recipe", "r.yaml", "--out", "p.safetensors"});
  }
  [[nodiscard]] static Words apply(const std::string& from, const std::string& to) {
    return {"apply", "--model", from, "--policy", "p.safetensors", "--ratio", "0.3", "--out", to};
  }
  static void copy_model(const std::string& to) { fs::copy(model("small"), to, fs::copy_options::recursive); }
};

TEST_F(Paths, NamesWithSpacesAndUnicode) {
  const std::string source = "ein Modell – 模型 'x'";
  copy_model(source);
  run_well(apply(source, "out 😀/klein er"));
  run_well({"inspect", "out 😀/klein er", "--json", "größe \".json"});
  EXPECT_THAT(file("größe \".json"), HasSubstr("128"));
  run_well({"export", "--model", "out 😀/klein er", "--gguf", "模 型.gguf"});
  run_well({"import", "模 型.gguf", "--out", "zurück"});
  run_well({"eval", "--model", "zurück", "--text", text(), "--context", "64", "--windows", "1"});
}

TEST_F(Paths, LinksAreFollowedAndStay) {
  copy_model("real");
  fs::create_directory_symlink("real", path("link"));
  fs::create_directory(path("disk"));
  fs::create_directory_symlink("disk", path("elsewhere"));
  run_well(apply("link", "elsewhere/out"));
  EXPECT_TRUE(fs::exists("disk/out/config.json"));
  fs::create_directory(path("target"));
  fs::create_directory_symlink("target", path("out"));
  run_well(apply("link", "out"));
  EXPECT_TRUE(fs::is_symlink("out"));
  EXPECT_TRUE(fs::exists("target/config.json"));
  EXPECT_TRUE(fs::is_symlink("link"));
}

/// Files of a model that are links, as caches of downloaded models have them, become files of their own.
TEST_F(Paths, ModelsWhoseFilesAreLinks) {
  copy_model("blobs");
  fs::create_directory(path("snapshot"));
  for (const auto& item : fs::directory_iterator("blobs")) {
    fs::create_symlink(".." / item.path(), "snapshot" / item.path().filename());
  }
  run_well(apply("snapshot", "out"));
  for (const auto& item : fs::directory_iterator("out")) EXPECT_FALSE(item.is_symlink()) << item.path();
}

TEST_F(Paths, OutputsDoNotLieInInputs) {
  copy_model("m");
  const auto before = fs::last_write_time("m");
  expect_failure(apply("m", "m/small"), 2, {"m/small", "would lie in", "choose another"});
  expect_failure({"import", "m", "--out", "m/copy"}, 2, {"m/copy", "would lie in"});
  Words onto = apply("m", "m");
  onto.emplace_back("--force");
  expect_failure(onto, 2, {"would replace"});
  fs::create_directory("m/inner");
  copy_model("m/inner/x");
  expect_failure(
      {"apply", "--model", "m/inner/x", "--policy", "p.safetensors", "--ratio", "0.3", "--out", "m", "--force"}, 2,
      {"m: the output would replace m/inner/x"});
  EXPECT_TRUE(fs::exists("m/inner/x/config.json"));
  fs::remove_all("m/inner");
  EXPECT_GE(fs::last_write_time("m"), before);
}

TEST_F(Paths, FilesOfAModelAreNotReplaced) {
  copy_model("m");
  const std::string config = file("m/config.json");
  expect_failure({"inspect", "m", "--json", "m/config.json"}, 2, {"m/config.json", "only read"});
  expect_failure({"inspect", "p.safetensors", "--json", "p.safetensors"}, 2, {"p.safetensors", "only read"});
  expect_failure({"eval", "--model", "m", "--text", text(), "--json", "m/tokenizer.json"}, 2, {"only read"});
  expect_failure({"train", "--model", "m", "--out", "m/model.safetensors", "--force"}, 2, {"only read"});
  Words plan = apply("m", "out");
  plan.insert(plan.end(), {"--plan-out", "m/config.json", "--force"});
  expect_failure(plan, 2, {"m/config.json", "only read"});
  expect_failure({"export", "--model", "m", "--gguf", "m/config.json", "--force"}, 2, {".gguf"});
  EXPECT_EQ(file("m/config.json"), config);
}

TEST_F(Paths, JsonThatHasNoPlaceIsSaidBeforeTheWork) {
  expect_failure({"eval", "--model", "nowhere", "--text", text(), "--json", "no/x.json"}, 2, {"no/x.json", "make it"});
}

TEST_F(Paths, DevicesAndPipes) {
  run_well({"inspect", "p.safetensors", "--json", "/dev/null"});
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  ASSERT_EQ(::mkfifo("pipe", 0600), 0);
  expect_failure({"inspect", "pipe"}, 3, {"pipe"});
  expect_failure({"apply", "--model", "pipe", "--policy", "p.safetensors", "--ratio", "0.3", "--out", "o"}, 3,
                 {"pipe"});
  expect_failure({"apply", "--model", model("small"), "--policy", "pipe", "--ratio", "0.3", "--out", "o"}, 3, {"pipe"});
  expect_failure({"eval", "--model", model("small"), "--text", "pipe"}, 3, {"pipe"});
  expect_failure({"train", "--model", model("small"), "--out", "pipe", "--force"}, 2, {"a device or a pipe"});
  expect_failure({"train", "--model", model("small"), "--out", "/dev/null", "--force"}, 2, {"a device or a pipe"});
  expect_failure({"export", "--model", model("small"), "--gguf", "/dev/null", "--force"}, 2, {"/dev/null"});
  EXPECT_THAT(names(), UnorderedElementsAre("p.safetensors", "pipe", "r.yaml"));
}

TEST_F(Paths, TwoRunsDoNotWriteOneOutput) {
  const Unfinished other = make_unfinished(path("out"), UnfinishedKind::kDirectory);  // as a run that lives holds it
  expect_failure(apply(model("small"), "out"), 2, {"out: another run is writing it now", "wait for it"});
  fs::create_directory(path("q.safetensors.train"));
  const Descriptor lock = lock_directory(path("q.safetensors.train"));
  expect_failure({"train", "--model", model("small"), "--recipe", "r.yaml", "--out", "q.safetensors"}, 2,
                 {"q.safetensors.train: another run is working there"});
}

TEST_F(Paths, UnfinishedTrainingIsNotThrownAway) {
  fs::create_directory(path("q.safetensors.train"));
  write_file(path("q.safetensors.train/state.safetensors"), "hours of work");
  const Words train{"train", "--model", model("small"), "--recipe", "r.yaml", "--out", "q.safetensors"};
  expect_failure(train, 2, {"q.safetensors.train", "--resume", "--force"});
  EXPECT_EQ(file("q.safetensors.train/state.safetensors"), "hours of work");
  write_file(path("q.safetensors.train/notes.txt"), "of a user");
  Words anew = train;
  anew.emplace_back("--force");
  run_well(anew);
  EXPECT_THAT(names(), UnorderedElementsAre("p.safetensors", "q.safetensors", "q.safetensors.train", "r.yaml"));
  EXPECT_EQ(file("q.safetensors.train/notes.txt"), "of a user");
}

TEST_F(Paths, ReadOnlyDirectories) {
  fs::permissions(path("."), fs::perms(0755));
  fs::copy(model("small"), path("model"));  // a checkout below root's home is closed to others
  fs::create_directory(path("closed"));
  fs::permissions(path("closed"), fs::perms(0555));
  constexpr uid_t kNobody = 65534;
  const uid_t user = ::geteuid();
  if (user == 0) {  // who may write everywhere
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  expect_failure(apply("model", "closed/out"), 1, {"closed/out", "Permission denied"});
  expect_failure({"train", "--model", "model", "--recipe", "r.yaml", "--out", "closed/p.safetensors"}, 1,
                 {"closed", "Permission denied"});
  expect_failure({"inspect", "p.safetensors", "--json", "closed/x.json"}, 1, {"closed", "Permission denied"});
  ASSERT_EQ(::seteuid(user), 0);
  EXPECT_TRUE(fs::is_empty("closed"));
}

TEST_F(Paths, ModesFollowTheUmask) {
  const mode_t before = ::umask(0027);
  run_well(apply(model("small"), "out"));
  ::umask(before);
  EXPECT_EQ(fs::status("out").permissions(), fs::perms(0750));
  for (const auto& item : fs::directory_iterator("out")) {
    EXPECT_EQ(item.status().permissions(), fs::perms(0640)) << item.path();
  }
}

}  // namespace
}  // namespace prunenet::testing
