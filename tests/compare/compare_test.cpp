#include "prunenet/compare/compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "prunenet/core/error.h"
#include "prunenet/plan/plan.h"
#include "prunenet/probe/write_probe.h"
#include "prunenet/report/record.h"
#include "prunenet/train/training_model.h"
#include "support/expect_error.h"
#include "support/recording_progress.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::RecordingProgress;
using testing::TemporaryDirectory;

/// Stops at the n-th cell, as Ctrl-C would.
class StopAtCell final : public Progress {
 public:
  explicit StopAtCell(int cell) : left_(cell) {}
  void begin(std::string_view /*stage*/, std::string_view /*unit*/, std::uint64_t /*total*/) override {}
  void advance(std::uint64_t /*units*/) override {}
  void status(std::string_view /*text*/) override {}
  void note(std::string_view text) override {
    if (text.starts_with("cell") && --left_ == 0) throw Error(ErrorKind::kInterrupted, "stopped");
  }
  void warn(std::string_view /*text*/) override {}

 private:
  int left_;
};

class CompareTest : public ::testing::Test {
 protected:
  static std::filesystem::path data(const std::string& name) {
    return std::filesystem::path(PRUNENET_TEST_DATA) / name;
  }

  /// Two methods that are done and one that has no place in this model.
  static json recipe() {
    return {{"ratios", {0.3, 0.5}},
            {"seeds", {0U, 1U}},
            {"calibration", {{"file", data("texts/alice.txt")}, {"windows", 2}, {"context", 64}}},
            {"evaluation",
             {{"texts", {data("texts/heldout.txt")}},
              {"context", 64},
              {"windows", 2},
              {"distortions", {"ks of gate", "schatten2 of response"}}}},
            {"probe", {{"tokens", 128}, {"sequence_length", 64}}},
            {"methods", {{{"name", "random"}}, {{"name", "block-influence"}}, {{"name", "flap"}, {"bias", true}}}}};
  }
  ComparisonSummary run(const std::string& out, const json& recipe, Progress& progress, bool retry_failed = false) {
    return run_comparison(
        comparison_recipe_from_json(recipe),
        {.model = data("trained/small"), .output = directory_ / out, .command_line = "", .retry_failed = retry_failed},
        progress);
  }
  ComparisonSummary run(const std::string& out, const json& recipe) { return run(out, recipe, silent_); }
  [[nodiscard]] Record record(const std::string& name) const { return read_record(directory_.path() / name); }
  /// What was measured, without how long it took.
  [[nodiscard]] static json measured(const Record& record) {
    json facts = record.json;
    facts.erase("seconds");
    facts.erase("peak_rss_bytes");
    for (json& text : facts["perplexity"]) {
      text.erase("seconds");
      text.erase("tokens_per_second");
    }
    return facts;
  }

  TemporaryDirectory directory_;
  SilentProgress silent_;
};

TEST_F(CompareTest, RecordsEveryCell) {
  const ComparisonSummary summary = run("out", recipe());
  EXPECT_EQ(summary.done, 1 + 4 + 2);
  EXPECT_EQ(summary.failed, 2);
  EXPECT_EQ(summary.reused, 0);

  const Record dense = record("out/dense.json");
  const Record random = record("out/random-0.3-seed-1.json");
  EXPECT_EQ(random.seed(), 1);
  EXPECT_EQ(random.data(), "none");
  EXPECT_NEAR(*random.number("/achieved_ratio"), 0.3, 0.01);
  EXPECT_LT(*random.number("/parameters"), *dense.number("/parameters"));
  EXPECT_LT(*random.number("/bytes"), *dense.number("/bytes"));
  EXPECT_GT(*random.number("/perplexity/0/ppl"), *dense.number("/perplexity/0/ppl"));
  EXPECT_GT(*random.number("/seconds/apply"), 0.0);
  EXPECT_GT(*random.number("/peak_rss_bytes"), 0.0);
  EXPECT_EQ(random.part("/layers/distortion/ks of gate").size(), random.part("/layers/keep_indices").size());

  const Record blocks = record("out/block-influence-0.5.json");
  EXPECT_EQ(blocks.data(), "calibration");
  EXPECT_EQ(*blocks.number("/calibration/tokens"), 128);
  EXPECT_FALSE(blocks.number("/seconds/apply").has_value());  // no stock checkpoint holds it
  const auto first = blocks.part("/layers/keep_indices");
  EXPECT_TRUE(std::any_of(first.begin(), first.end(), [](const json& keep) { return keep.empty(); }));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "out/scratch"));
}

TEST_F(CompareTest, CountsParametersInMemoryAsTheCheckpointDoes) {
  json only = recipe();
  only["methods"] = {{{"name", "block-influence"}}};
  run("out", only);
  const Record dense = record("out/dense.json");
  const Record blocks = record("out/block-influence-0.5.json");
  double removed = 0.0;
  const json kept = blocks.part("/layers/keep_indices");
  for (const json& keep : kept) removed += *dense.number("/model/intermediate_size") - static_cast<double>(keep.size());
  const double hidden = 48.0;  // of trained/small
  EXPECT_EQ(*dense.number("/parameters") - *blocks.number("/parameters"), removed * 3.0 * hidden);
}

TEST_F(CompareTest, RecordsWhyACellFailedAndGoesOn) {
  run("out", recipe());
  const Record failed = record("out/flap-bias-true-0.3.json");
  EXPECT_TRUE(failed.failed());
  EXPECT_NE(failed.error().find("no bias"), std::string::npos) << failed.error();
  EXPECT_EQ(failed.data(), "calibration");
}

TEST_F(CompareTest, RecordsAModelThatIsNotFiniteAsFailed) {
  json broken = recipe();
  broken["methods"] = {{{"name", "magnitude"}, {"matrix", "up"}}};
  std::filesystem::copy(data("trained/small"), directory_ / "nan");
  std::fstream weights(directory_ / "nan/model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  weights.seekp(-4, std::ios::end);
  weights.write("\x00\x00\xC0\x7F", 4);  // NaN in the last tensor
  weights.close();
  const ComparisonFiles files{
      .model = directory_ / "nan", .output = directory_ / "out", .command_line = "", .retry_failed = false};
  // The dense model itself cannot be measured: there is nothing to compare with.
  expect_error(ErrorKind::kNumerical, {"tensor '", "element ", " is nan"},
               [&] { (void)run_comparison(comparison_recipe_from_json(broken), files, silent_); });
}

TEST_F(CompareTest, MeasuresNothingTwice) {
  run("out", recipe());
  const json before = record("out/random-0.3-seed-0.json").json;
  const ComparisonSummary again = run("out", recipe());
  EXPECT_EQ(again.done, 0);
  EXPECT_EQ(again.reused, 1 + 4 + 2 + 2);
  EXPECT_EQ(again.failed, 2);
  EXPECT_EQ(record("out/random-0.3-seed-0.json").json, before);
  json more = recipe();
  more["ratios"].push_back(0.1);
  EXPECT_EQ(run("out", more).done, 2 + 1);
}

TEST_F(CompareTest, RunsFailedCellsAgainWhereAsked) {
  run("out", recipe());
  const ComparisonSummary again = run("out", recipe(), silent_, /*retry_failed=*/true);
  EXPECT_EQ(again.done, 0);
  EXPECT_EQ(again.failed, 2);
  EXPECT_EQ(again.reused, 1 + 4 + 2);
}

TEST_F(CompareTest, GoesOnWhereItWasInterrupted) {
  run("whole", recipe());
  StopAtCell stop(3);
  EXPECT_THROW(run("parts", recipe(), stop), Error);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "parts/block-influence-0.3.json"));
  const ComparisonSummary rest = run("parts", recipe());
  EXPECT_EQ(rest.reused, 1 + 3);
  for (const char* name : {"dense.json", "random-0.5-seed-1.json", "block-influence-0.3.json"}) {
    EXPECT_EQ(measured(record(std::string("parts/") + name)), measured(record(std::string("whole/") + name))) << name;
  }
}

TEST_F(CompareTest, ComparesAccuracyWithTheDenseModel) {
  std::ofstream tasks(directory_ / "t.jsonl");
  for (const char* label : {"0", "1", "0", "1", "0", "1"}) {
    tasks << R"({"context": "the queen said", "choices": ["that it was so", "zq xv"], "label": )" << label << "}\n";
  }
  tasks.close();
  json with_tasks = recipe();
  with_tasks["evaluation"]["tasks"] = {directory_ / "t.jsonl"};
  with_tasks["evaluation"]["task_ratios"] = {0.3};
  with_tasks["methods"] = {{{"name", "magnitude"}}};
  run("out", with_tasks);
  const Record dense = record("out/dense.json");
  const Record pruned = record("out/magnitude-0.3.json");
  EXPECT_NEAR(*dense.number("/tasks/0/chance"), 0.5, 1e-12);  // a sum of shares
  EXPECT_FALSE(dense.number("/tasks/0/retention").has_value());
  EXPECT_NEAR(*pruned.number("/tasks/0/retention"),
              *pruned.number("/tasks/0/acc_norm") / *dense.number("/tasks/0/acc_norm"), 1e-12);
  EXPECT_EQ(record("out/magnitude-0.5.json").part("/tasks").size(), 0U);
}

TEST_F(CompareTest, TrainsAPolicyARecipe) {
  json policies = recipe();
  policies["ratios"] = {0.5};
  policies["seeds"] = {0U};
  const auto policy = [](const char* label, int steps) -> json {
    return {{"name", "policy"},
            {"label", label},
            {"recipe",
             {{"probe", {{"tokens", 64}, {"held_out_tokens", 32}, {"sequence_length", 16}}},
              {"train", {{"steps", steps}, {"validate_every", 1}, {"hidden", 8}, {"depth", 1}}}}}};
  };
  policies["methods"] = {policy("short", 1), policy("long", 9)};
  run("out", policies);
  const Record brief = record("out/short-0.5-seed-0.json");
  const Record lengthy = record("out/long-0.5-seed-0.json");
  EXPECT_EQ(brief.part("/curve").size(), 1U);
  EXPECT_EQ(lengthy.part("/curve").size(), 9U);
  EXPECT_NE(brief.part("/layers/keep_indices"), lengthy.part("/layers/keep_indices"));
}

TEST_F(CompareTest, SamplesAndExtractsOnceForAllPolicies) {
  json policies = recipe();
  policies["ratios"] = {0.5};
  policies["seeds"] = {0U};
  const auto policy = [](const char* label, int steps, int tokens) -> json {
    return {{"name", "policy"},
            {"label", label},
            {"recipe",
             {{"probe", {{"tokens", tokens}, {"held_out_tokens", 32}, {"sequence_length", 16}}},
              {"train", {{"steps", steps}, {"validate_every", 1}, {"hidden", 8}, {"depth", 1}}}}}};
  };
  policies["methods"] = {policy("a", 1, 64), policy("b", 2, 64), policy("c", 1, 96)};
  RecordingProgress progress;
  run("together", policies, progress);
  EXPECT_EQ(std::ranges::count(progress.stages, "sampling"), 1 + 2);  // that of distortions, and two for three policies
  EXPECT_EQ(std::ranges::count(progress.stages, "computing features"), 1);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "together/scratch"));

  policies["methods"] = {policy("b", 2, 64)};
  run("alone", policies);
  const Record together = record("together/b-0.5-seed-0.json");
  const Record alone = record("alone/b-0.5-seed-0.json");
  EXPECT_EQ(together.part("/layers"), alone.part("/layers"));
  EXPECT_EQ(together.number("/perplexity/0/ppl"), alone.number("/perplexity/0/ppl"));
}

/// Neurons with the largest H_ii norm(d_i)^2, for the H of a probe of the small model.
std::vector<std::int64_t> most_energy(const std::filesystem::path& probe, std::int64_t layer, std::int64_t count) {
  const TrainingModel model = open_training_model(std::filesystem::path(PRUNENET_TEST_DATA) / "trained/small");
  const MatrixF second_moment = ProbeFile::open(probe).layer(layer).training.second_moment;
  const MatrixF down = read_ffn(model.checkpoint, *model.family, layer).down;
  std::vector<float> energy;
  for (Eigen::Index i = 0; i < down.cols(); ++i) {
    energy.push_back(
        static_cast<float>(static_cast<double>(second_moment(i, i)) * down.col(i).cast<double>().squaredNorm()));
  }
  return top_k_indices(energy, count);
}

TEST_F(CompareTest, TakesAGivenProbeInPlaceOfItsOwn) {
  const auto probe = [this](const std::string& name, std::uint64_t seed) {
    const TrainingModel model = open_training_model(data("trained/" + name));
    const CausalLm network = CausalLm::load(model.checkpoint, *model.family, silent_);
    ProbeOptions options;
    options.tokens = 64;
    options.held_out_tokens = 32;
    options.sequence_length = 16;
    const torch::NoGradGuard no_grad;
    write_probe(directory_ / name, network, {.model_sha256 = model.sha256, .options = options, .seed = seed}, name, {},
                silent_);
    return directory_ / name;
  };
  json methods = recipe();
  methods["ratios"] = {0.5};
  methods["seeds"] = {0U};
  const json own = {{"tokens", 64}, {"held_out_tokens", 32}, {"sequence_length", 16}};
  const json policy = {
      {"name", "policy"},
      {"label", "trained"},
      {"recipe", {{"probe", own}, {"train", {{"steps", 2}, {"validate_every", 1}, {"hidden", 8}, {"depth", 1}}}}}};
  methods["methods"] = {policy, {{"name", "response"}, {"probe", own}}};
  run("own", methods);
  const auto given = [&](const std::string& out, const std::filesystem::path& file, Progress& progress) {
    return run_comparison(
        comparison_recipe_from_json(methods),
        {.model = data("trained/small"), .output = directory_ / out, .command_line = "", .probe = file}, progress);
  };
  const std::filesystem::path small = probe("small", 0);
  RecordingProgress progress;
  given("given", small, progress);
  EXPECT_EQ(std::ranges::count(progress.stages, "sampling"), 1) << "that of distortions alone";
  EXPECT_EQ(record("given/trained-0.5-seed-0.json").part("/layers"),
            record("own/trained-0.5-seed-0.json").part("/layers"));
  const Record response = record("given/response-0.5.json");  // every seed would give the same
  for (std::int64_t layer = 0; layer < 4; ++layer) {
    const auto keep = response.part("/layers/keep_indices").at(static_cast<std::size_t>(layer));
    EXPECT_EQ(keep, json(most_energy(small, layer, static_cast<std::int64_t>(keep.size())))) << "layer " << layer;
  }
  EXPECT_EQ(response.part("/probe/seed"), 0);
  EXPECT_EQ(response.part("/probe/options/tokens"), 64);

  probe("small", 5);
  expect_error(ErrorKind::kMismatch, {"other settings"}, [&] { given("given", small, silent_); });
  expect_error(ErrorKind::kMismatch, {"large", "SHA-256"}, [&] { given("other", probe("large", 0), silent_); });
}

TEST_F(CompareTest, RefusesRecordsOfOtherSettings) {
  run("out", recipe());
  json other = recipe();
  other["evaluation"]["windows"] = 1;
  expect_error(ErrorKind::kMismatch, {"random-0.3-seed-0.json", "--out"}, [&] { run("out", other); });
}

TEST_F(CompareTest, RefusesWhatNoMethodKnows) {
  const auto refused = [this](const json& methods, std::initializer_list<std::string> fragments) {
    json other = recipe();
    other["methods"] = methods;
    expect_error(ErrorKind::kInvalidArgument, fragments, [&] { run("out", other); });
    EXPECT_FALSE(std::filesystem::exists(directory_ / "out"));
  };
  refused({{{"name", "magic"}}}, {"'magic'", "random", "policy"});
  refused({{{"name", "magnitude"}, {"matrx", "up"}}}, {"'matrx'", "matrix"});
  refused({{{"name", "random"}, {"label", "a b"}}, {{"name", "random"}, {"label", "a-b"}}}, {"a-b-0.3", "labels"});
  json other = recipe();
  other.erase("calibration");
  expect_error(ErrorKind::kInvalidArgument, {"'block-influence'", "--calibration"}, [&] { run("out", other); });
}

}  // namespace
}  // namespace prunenet
