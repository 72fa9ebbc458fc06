// SIGKILL at many moments of a run: the output is whole or absent, the input is untouched, the next run removes what is
// left, and what can be resumed comes to the same end.
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/policy_content.h"
#include "crash_test.h"

namespace prunenet::testing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class Killed : public CrashTest {
 protected:
  void SetUp() override {
    write_file("r.yaml",
               "probe: {tokens: 256, held_out_tokens: 64, sequence_length: 64}\n"
               "train: {steps: 12, validate_every: 2, layers_per_step: 2, hidden: 8}\n");
  }

  [[nodiscard]] static Words train_to(const std::string& file) {
    return {"train", "--model", model(), "--recipe", "r.yaml", "--out", file};
  }

  /// A verb that writes `out` anew each time. Every other kill finds an output of an earlier run there, to be replaced.
  void kill_while_writing(const Words& verb, const std::string& out) {
    const Words replacing = with(verb, {"--force"});
    const std::set<std::string> before = names();
    const Ended whole = run_whole(replacing);
    const Tree expected = tree_of(out);
    ASSERT_FALSE(expected.empty());
    const TemporaryDirectory kept;
    fs::copy(out, kept / "whole", fs::copy_options::recursive);
    std::set<std::string> after = before;
    after.insert(out);
    const int moments = crash_moments();
    int died = 0;
    for (int n = 0; n < moments; ++n) {
      const Accident accident = kill_number(n, moments, whole);
      SCOPED_TRACE(::testing::Message() << "call " << accident.nth << " of " << whole.counts.changes << ", kill " << n);
      fs::remove_all(out);
      const bool replaces = n % 4 >= 2;
      if (replaces) fs::copy(kept / "whole", out, fs::copy_options::recursive);
      died += run_forked(replacing, accident).finished.exit_code == -1 ? 1 : 0;
      EXPECT_TRUE(fs::exists(out) || !replaces) << "the output that was there is gone";
      if (fs::exists(out)) {
        EXPECT_EQ(tree_of(out), expected);
      }
      expect_only_unfinished_beside(after);
      if (n % 10 != 9) continue;
      run_whole(replacing);
      EXPECT_EQ(names(), after) << "the next run leaves nothing behind";
      if (HasFailure()) return;
    }
    EXPECT_GE(died, moments / 2) << "the kills came too late";
    run_whole(replacing);
    EXPECT_EQ(names(), after);
    EXPECT_EQ(tree_of(out), expected);
    expect_model_untouched();
  }
};

TEST_F(Killed, Apply) {
  run_whole(train_to("p.safetensors"));
  kill_while_writing({"apply", "--model", model(), "--policy", "p.safetensors", "--ratio", "0.3", "--out", "out"},
                     "out");
}

TEST_F(Killed, ApplyToGguf) {
  run_whole(train_to("p.safetensors"));
  run_whole({"export", "--model", model(), "--gguf", "m.gguf"});
  const std::string before = content_of("m.gguf");
  kill_while_writing({"apply", "--model", "m.gguf", "--policy", "p.safetensors", "--ratio", "0.3", "--out", "out.gguf"},
                     "out.gguf");
  EXPECT_EQ(content_of("m.gguf"), before);
}

TEST_F(Killed, Import) {
  run_whole({"export", "--model", model(), "--gguf", "m.gguf"});
  kill_while_writing({"import", "m.gguf", "--out", "out"}, "out");
}

TEST_F(Killed, Train) {
  const Ended whole = run_whole(train_to("p.safetensors"));
  const std::string expected = policy_content("p.safetensors");
  const std::set<std::string> after = names();
  const int moments = crash_moments();
  int died = 0;
  int resumed = 0;
  for (int n = 0; n < moments && !HasFailure(); ++n) {
    const Accident accident = kill_number(n, moments, whole);
    SCOPED_TRACE(::testing::Message() << "call " << accident.nth << " of " << whole.counts.changes << ", kill " << n);
    fs::remove("p.safetensors");
    died += run_forked(with(train_to("p.safetensors"), {"--force"}), accident).finished.exit_code == -1 ? 1 : 0;
    if (fs::exists("p.safetensors")) {
      EXPECT_EQ(policy_content("p.safetensors"), expected);
    }
    if (fs::exists("p.safetensors.train/state.safetensors")) ++resumed;
    run_whole(with(train_to("p.safetensors"), {"--resume", "--force"}));
    EXPECT_EQ(policy_content("p.safetensors"), expected);
    EXPECT_EQ(names(), after);
  }
  EXPECT_GE(died, moments / 2);
  EXPECT_GE(resumed, moments / 4) << "that many went on from a state";
  expect_model_untouched();
}

/// Takes the entries of these names out, however deep they lie.
void erase_everywhere(nlohmann::json& json, const std::set<std::string>& keys) {
  if (json.is_object()) {
    for (const std::string& key : keys) json.erase(key);
  }
  for (nlohmann::json& inner : json) {
    if (inner.is_structured()) erase_everywhere(inner, keys);
  }
}

/// What was measured, without times.
nlohmann::json measured(const fs::path& record) {
  nlohmann::json json = nlohmann::json::parse(content_of(record));
  erase_everywhere(json, {"seconds", "tokens_per_second", "peak_rss_bytes", "created", "command_line"});
  return json;
}

TEST_F(Killed, Compare) {
  write_file("compare.yaml",
             "ratios: [0.3, 0.5]\nseeds: [0, 1]\nevaluation: {texts: ['" + text() +
                 "'], context: 64, windows: 2, distortions: [schatten2 of response]}\n"
                 "probe: {tokens: 256, sequence_length: 64}\nmethods:\n  - {name: random}\n  - {name: magnitude}\n"
                 "  - {name: policy, recipe: r.yaml}\n");
  const Words compare{"compare", "--recipe", "compare.yaml", "--model", model(), "--out", "records"};
  const Ended whole = run_whole(compare);
  std::map<std::string, nlohmann::json> expected;
  for (const auto& [name, content] : tree_of("records")) {
    if (name.find('/') == std::string::npos && name.ends_with(".json")) expected[name] = measured("records/" + name);
  }
  ASSERT_GE(expected.size(), 9U);
  const auto check_records = [&] {
    for (const auto& [name, record] : expected) {
      if (!fs::exists("records/" + name)) continue;
      EXPECT_EQ(measured("records/" + name), record) << name;
    }
  };
  const int moments = crash_moments();
  int died = 0;
  for (int n = 0; n < moments && !HasFailure(); ++n) {
    const Accident accident = kill_number(n, moments, whole);
    SCOPED_TRACE(::testing::Message() << "call " << accident.nth << " of " << whole.counts.changes << ", kill " << n);
    if (n % 3 == 0) fs::remove_all("records");  // otherwise it goes on from where the last one was killed
    died += run_forked(compare, accident).finished.exit_code == -1 ? 1 : 0;
    check_records();
    if (n % 10 != 9) continue;
    run_whole(compare);
    check_records();
    for (const auto& [name, content] : tree_of("records")) {
      EXPECT_EQ(name.find(".tmp-"), std::string::npos) << name;
      EXPECT_EQ(name.find(".train"), std::string::npos) << name;
      EXPECT_EQ(name.find("scratch"), std::string::npos) << name;
    }
  }
  EXPECT_GE(died, moments / 4) << "the kills came too late";
  expect_model_untouched();
}

}  // namespace
}  // namespace prunenet::testing
