#include "crash_test.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <span>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/sha256.h"

namespace prunenet::testing {

namespace fs = std::filesystem;

namespace {

/// All of a GGUF file but the record of the run.
std::string gguf_content(const fs::path& path) {
  const GgufFile file = GgufFile::open(path);
  std::string content;
  const auto add = [&content](const std::string& name, const std::vector<std::byte>& bytes) {
    content += name + ':' + sha256_hex(bytes) + '\n';
  };
  for (const std::string& key : file.keys()) {
    if (key != "prunenet.record") add(key, file.raw_value(key));
  }
  for (const std::string& name : file.names()) add(name, file.read_blocks(name));
  return content;
}

std::string digest_of(const fs::path& file) {
  std::string content = content_of(file);
  if (file.filename() == "prunenet.json") {
    nlohmann::json json = nlohmann::json::parse(content);
    for (const char* key : {"wall_seconds", "peak_rss_bytes", "run"}) json.erase(key);
    content = json.dump();
  }
  if (file.extension() == ".gguf") content = gguf_content(file);
  return sha256_hex(std::as_bytes(std::span(content)));
}

}  // namespace

Tree tree_of(const fs::path& path) {
  if (fs::is_regular_file(path)) return {{"", digest_of(path)}};
  Tree tree;
  if (!fs::is_directory(path)) return tree;
  for (const fs::directory_entry& item : fs::recursive_directory_iterator(path)) {
    tree[item.path().lexically_relative(path)] = item.is_directory() ? "" : digest_of(item.path());
  }
  return tree;
}

int crash_moments() {
  constexpr int kInTheTests = 40;
  const char* asked = std::getenv("PRUNENET_CRASH_MOMENTS");  // NOLINT(concurrency-mt-unsafe)
  return asked == nullptr ? kInTheTests : std::atoi(asked);
}

Accident kill_number(int n, int moments, const Ended& whole) {
  const double share = static_cast<double>(n) / moments;
  if (n % 2 == 0) {
    const auto calls = static_cast<double>(whole.counts.changes);
    return {Fault::kKill, 1 + static_cast<std::uint64_t>(share * calls), {}};
  }
  return {Fault::kNone, 0,
          std::chrono::microseconds(static_cast<std::int64_t>(share * static_cast<double>(whole.time.count())))};
}

CrashTest::CrashTest() : home_(fs::current_path()), model_before_(tree_of(model())) {
  fs::current_path(directory_.path());
}

CrashTest::~CrashTest() {
  fs::current_path(home_);
}

const std::string& CrashTest::model() {
  static const std::string path = std::string(PRUNENET_TEST_DATA) + "/trained/small";
  return path;
}

const std::string& CrashTest::text() {
  static const std::string path = std::string(PRUNENET_TEST_DATA) + "/texts/heldout.txt";
  return path;
}

std::set<std::string> CrashTest::names() const {
  std::set<std::string> found;
  for (const fs::directory_entry& item : fs::directory_iterator(directory_.path()))
    found.insert(item.path().filename());
  return found;
}

void CrashTest::expect_only_unfinished_beside(const std::set<std::string>& expected) const {
  std::vector<std::string> others;
  std::ranges::set_difference(names(), expected, std::back_inserter(others));
  EXPECT_LE(others.size(), 1U) << ::testing::PrintToString(others);
  for (const std::string& name : others) EXPECT_THAT(name, ::testing::ContainsRegex("^\\..*\\.(tmp|old)-"));
}

Ended CrashTest::run_whole(const std::vector<std::string>& arguments) {
  Ended ended = run_forked(arguments);
  EXPECT_EQ(ended.finished.exit_code, 0) << ended.finished.err;
  return ended;
}

void CrashTest::expect_model_untouched() const {
  EXPECT_EQ(tree_of(model()), model_before_);
}

}  // namespace prunenet::testing
