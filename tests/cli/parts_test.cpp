// The parts of the command that need no model.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <new>

#include "exit_code.h"
#include "human.h"
#include "options.h"
#include "print.h"
#include "progress_line.h"
#include "recipe_file.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet::cli {
namespace {

using ::prunenet::testing::expect_error;
using ::prunenet::testing::TemporaryDirectory;
using ::prunenet::testing::write_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Thrown>
Failure failure_of(const Thrown& thrown) {
  return describe(std::make_exception_ptr(thrown));
}

TEST(ExitCode, FollowsFromTheKindOfError) {
  EXPECT_EQ(exit_code_of(ErrorKind::kInvalidArgument), 2);
  EXPECT_EQ(exit_code_of(ErrorKind::kAlreadyExists), 2);
  EXPECT_EQ(exit_code_of(ErrorKind::kBadInput), 3);
  EXPECT_EQ(exit_code_of(ErrorKind::kUnsupported), 3);
  EXPECT_EQ(exit_code_of(ErrorKind::kMismatch), 3);
  EXPECT_EQ(exit_code_of(ErrorKind::kOutOfSpace), 4);
  EXPECT_EQ(exit_code_of(ErrorKind::kIo), 1);
  EXPECT_EQ(exit_code_of(ErrorKind::kNumerical), 1);
  EXPECT_EQ(exit_code_of(ErrorKind::kInterrupted), 130);
}

TEST(ExitCode, TellsMemoryFromOtherFailures) {
  EXPECT_EQ(failure_of(std::bad_alloc()).code, kNoRoom);
  EXPECT_EQ(failure_of(std::runtime_error("DefaultCPUAllocator: can't allocate memory: 8 bytes\nat x")).code, kNoRoom);
  EXPECT_EQ(failure_of(std::runtime_error("one\ntwo")).code, kFailed);
  EXPECT_EQ(failure_of(std::runtime_error("one\ntwo")).message, "one");
}

TEST(Human, RoundsToWhatCanBeRead) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(538'060'000), "538.1 MB");
  EXPECT_EQ(human_count(1500), "1.5k");
  EXPECT_EQ(human_count(134'515'008), "134.5M");
  EXPECT_EQ(human_count(7), "7");
  EXPECT_EQ(human_count(9.84), "9.8");
  EXPECT_EQ(human_seconds(0.421), "0.42 s");
  EXPECT_EQ(human_seconds(61.34), "61.3 s");
  EXPECT_EQ(human_seconds(123.0), "2m03s");
  EXPECT_EQ(human_seconds(3900.0), "1h05m");
  EXPECT_EQ(human_percent(0.302), "30.2 %");
}

StageState training() {
  return {.stage = "training", .unit = "steps", .done = 630, .total = 1500, .seconds = 63.0, .status = "reward 1.2340"};
}

TEST(ProgressLine, FillsTheWidthThereIs) {
  EXPECT_EQ(render_bar(training(), 79),
            "training  42% [=====>        ] 630/1500 steps  10/s  87.0 s left  reward 1.2340");
  EXPECT_EQ(render_bar(training(), 79).size(), 79U);
  EXPECT_EQ(render_bar(training(), 65), "training  42% 630/1500 steps  10/s  87.0 s left  reward 1.2340") << "no room";
  for (int columns = 0; columns < 200; ++columns) {
    EXPECT_LE(render_bar(training(), columns).size(), static_cast<std::size_t>(columns));
  }
}

TEST(ProgressLine, GrowsWithTheWorkDone) {
  StageState state = training();
  std::size_t filled = 0;
  for (state.done = 0; state.done <= state.total; state.done += 100) {
    const std::string bar = render_bar(state, 120);
    const auto now = static_cast<std::size_t>(std::count(bar.begin(), bar.end(), '='));
    EXPECT_GE(now, filled);
    filled = now;
  }
  EXPECT_EQ(filled, 40U) << "a full bar";
}

TEST(ProgressLine, DoesWithoutATotal) {
  StageState state = training();
  state.total = 0;
  EXPECT_EQ(render_bar(state, 100), "training 630 steps  10/s  reward 1.2340");
  EXPECT_EQ(render_log_line(state), "training: 630 steps, 10/s, reward 1.2340");
}

TEST(ProgressLine, LogsTheSameFacts) {
  EXPECT_EQ(render_log_line(training()), "training: 630/1500 steps (42%), 10/s, 87.0 s left, reward 1.2340");
  EXPECT_EQ(render_end_of_stage(training()), "training: 630 steps in 63.0 s, 10/s, reward 1.2340");
}

TEST(ProgressLine, WritesBytesAsBytes) {
  const StageState state{
      .stage = "writing", .unit = "bytes", .done = 1'500'000, .total = 3'000'000, .seconds = 1.0, .status = ""};
  EXPECT_EQ(render_log_line(state), "writing: 1.5 MB/3.0 MB (50%), 1.5 MB/s, 1.00 s left");
}

TEST(Print, AlignsTables) {
  EXPECT_EQ(render_table({{"file", "ppl"}, {"alice.txt", "9.5"}, {"b", "12345"}}),
            "file         ppl\nalice.txt    9.5\nb          12345\n");
}

class RecipeFile : public ::testing::Test {
 protected:
  nlohmann::json read(const std::string& text) {
    write_file(directory_ / "r.yaml", text);
    return read_recipe_file(directory_ / "r.yaml");
  }
  TemporaryDirectory directory_;
};

TEST_F(RecipeFile, TypesScalars) {
  const nlohmann::json recipe = read("a: 3\nb: 0.5\nc: true\nd: ks\ne: '3'\nf: [0.2, 0.3]\ng:\n  h: 1e-3\n");
  EXPECT_EQ(recipe,
            (nlohmann::json{
                {"a", 3}, {"b", 0.5}, {"c", true}, {"d", "ks"}, {"e", "3"}, {"f", {0.2, 0.3}}, {"g", {{"h", 1e-3}}}}));
  EXPECT_TRUE(recipe["a"].is_number_integer());
  EXPECT_TRUE(recipe["e"].is_string());
  EXPECT_EQ(read("# nothing\n"), nlohmann::json::object());
}

TEST_F(RecipeFile, NamesFileAndLine) {
  expect_error(ErrorKind::kBadInput, {"r.yaml", "line 2"}, [&] { read("a: 1\nb: ]\n"); });
  expect_error(ErrorKind::kBadInput, {"r.yaml", "line 3", "'a'", "twice"}, [&] { read("a: 1\nb: 2\na: 3\n"); });
  expect_error(ErrorKind::kBadInput, {"r.yaml", "key: value"}, [&] { read("- 1\n- 2\n"); });
  expect_error(ErrorKind::kBadInput, {"missing.yaml"},
               [&] { static_cast<void>(read_recipe_file(directory_ / "missing.yaml")); });
}

TEST_F(RecipeFile, DepthAndSizeAreLimited) {
  const auto refused = [&](std::initializer_list<std::string> fragments, const std::string& text) {
    write_file(directory_ / "r.yaml", text);
    expect_error(ErrorKind::kBadInput, fragments, [&] { (void)read_recipe_file(directory_ / "r.yaml"); });
  };
  refused({"r.yaml", "line 1", "nested deeper than 16"}, "a: &x [*x]\n");  // an alias of itself
  refused({"r.yaml", "nested deeper than 16"}, fmt::format("a: {:[>20}{:]>20}", "", ""));
  refused({"r.yaml"}, fmt::format("a: {:[>100000}", ""));
  refused({"r.yaml"}, "a: " + std::string(100'000, '{'));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  refused({"r.yaml", "more than 10000 values"}, bomb);
  refused({"r.yaml", "1048577 bytes", "1048576"}, std::string(1'048'577, '#'));
  refused({"r.yaml", "byte 3 is not UTF-8"}, "a: \xAD\n");
}

/// A verb with one option of each kind.
struct Verb {
  double ratio = 0.25;
  std::vector<std::string> texts;
  bool force = false;
  std::optional<std::int64_t> steps;
  CommonOptions common;

  bool parse(const std::vector<std::string>& words) {
    VerbOptions options({.verb = "try", .synopsis = "", .summary = "", .example = "", .details = ""});
    options.add()                                         //
        ("ratio", default_of(ratio, "R"), "")             //
        ("text", value_of(texts, "F")->multitoken(), "")  //
        ("steps", value_of(steps, "N"), "")               //
        ("force", flag(force), "");
    const bool goes_on = options.parse(words);
    common = options.common();
    return goes_on;
  }
};

TEST_F(RecipeFile, FillsInWhatTheCommandLineLeavesOut) {
  const std::string path = directory_ / "r.yaml";
  write_file(path, "ratio: 0.5\ntext: [a, b]\nforce: true\nseed: 7\nthreads: 3\n");
  Verb verb;
  EXPECT_TRUE(verb.parse({"--recipe", path}));
  EXPECT_EQ(verb.ratio, 0.5);
  EXPECT_THAT(verb.texts, ElementsAre("a", "b"));
  EXPECT_TRUE(verb.force);
  EXPECT_EQ(verb.common.seed, 7U);
  EXPECT_EQ(verb.common.threads, 3);

  Verb overridden;
  EXPECT_TRUE(overridden.parse({"--recipe", path, "--ratio", "0.75", "--seed", "8", "--text", "c"}));
  EXPECT_EQ(overridden.ratio, 0.75);
  EXPECT_EQ(overridden.common.seed, 8U);
  EXPECT_THAT(overridden.texts, ElementsAre("c"));
}

TEST_F(RecipeFile, UnknownKeysAreRefusedWithTheKnownOnes) {
  const std::string path = directory_ / "r.yaml";
  write_file(path, "ratioo: 0.5\n");
  expect_error(ErrorKind::kInvalidArgument, {"r.yaml", "'ratioo'", "force, quiet, ratio, seed, steps, text, threads"},
               [&] {
                 Verb().parse({"--recipe", path});
               });
  write_file(path, "ratio: {a: 1}\n");
  expect_error(ErrorKind::kInvalidArgument, {"r.yaml", "'ratio'"}, [&] { Verb().parse({"--recipe", path}); });
  write_file(path, "ratio: many\n");
  expect_error(ErrorKind::kInvalidArgument, {"r.yaml", "ratio", "many"}, [&] { Verb().parse({"--recipe", path}); });
}

TEST(Options, AreRefusedInOneLine) {
  const auto refused = [](std::initializer_list<std::string> fragments, const std::vector<std::string>& words) {
    expect_error(ErrorKind::kInvalidArgument, fragments, [&] { Verb().parse(words); });
  };
  refused({"--colour", "prunenet try --help"}, {"--colour"});
  refused({"many", "ratio"}, {"--ratio", "many"});
  refused({"ratio"}, {"--ratio"});
  refused({"ratio"}, {"--ratio", "0.1", "--ratio", "0.2"});
  refused({"--seed -1", "[0, "}, {"--seed", "-1"});
  refused({"--threads 0", "[1, 1024]"}, {"--threads", "0"});
  refused({"--rat"}, {"--rat", "0.1"});
  refused({"word"}, {"word"});
}

}  // namespace
}  // namespace prunenet::cli
