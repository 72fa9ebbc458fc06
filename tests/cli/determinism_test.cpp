// The same input, policy, seed and version: the same output, whatever adds up the numbers.
#include <nlohmann/json.hpp>

#include <fstream>
#include <map>

#include "command_test.h"
#include "prunenet/checkpoint/safetensors_file.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Determinism : public CommandTest {
 protected:
  Determinism() {
    write_file(path("tiny.yaml"),
               "probe: {tokens: 1024, held_out_tokens: 256, sequence_length: 64}\n"
               "train: {steps: 40, layers_per_step: 4, validate_every: 20, hidden: 32}\n");
  }

  Finished train(const std::string& out, const std::string& threads) const {
    return run_well({"train", "--model", model("small"), "--recipe", "tiny.yaml", "--out", out, "--seed", "1",
                     "--threads", threads});
  }
  static std::vector<std::string> apply(const std::string& input, const std::string& out, const std::string& threads) {
    return {"apply",      "--model", input,   "--policy", "p.safetensors", "--ratio", "0.3",
            "--round-to", "none",    "--out", out,        "--threads",     threads};
  }
  /// Names and bytes of all files of a directory; of the record all but what it says of the run.
  [[nodiscard]] std::map<std::string, std::string> content_of(const std::string& directory) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(path(directory))) {
      files[entry.path().filename().string()] = file(entry.path().string());
    }
    json record = json::parse(files.at("prunenet.json"));
    EXPECT_EQ(record.erase("run"), 1U);
    files["prunenet.json"] = record.dump();
    return files;
  }
  [[nodiscard]] json plan_of(const std::string& name) const { return json::parse(std::ifstream(path(name))); }
};

TEST_F(Determinism, ApplyWritesTheSameBytesWithOneTwoAndEightThreads) {
  train("p.safetensors", "1");
  for (const char* input : {"small", "large"}) {
    run_well(apply(model(input), std::string(input) + "-1", "1"));
    const auto first = content_of(std::string(input) + "-1");
    for (const char* threads : {"2", "8"}) {
      const std::string out = std::string(input) + "-" + threads;
      run_well(apply(model(input), out, threads));
      EXPECT_EQ(content_of(out), first) << threads << " threads";
    }
  }
  run_well({"export", "--model", model("small"), "--gguf", "m.gguf"});
  for (const char* threads : {"1", "2", "8"}) {
    run_well(apply("m.gguf", std::string("p") + threads + ".gguf", threads));
    EXPECT_EQ(file(path(std::string("p") + threads + ".gguf")), file(path("p1.gguf"))) << threads << " threads";
  }
}

/// Kernels of other processors add up in another order.
class OtherKernels : public Determinism, public ::testing::WithParamInterface<const char*> {};

TEST_P(OtherKernels, GiveTheSamePlan) {
  const std::string cpu = file("/proc/cpuinfo");
  const std::string core = GetParam();
  if (core == "Haswell" && (cpu.find(" avx2") == std::string::npos || cpu.find(" fma") == std::string::npos)) {
    GTEST_SKIP() << "this processor has no AVX2";
  }
  train("p.safetensors", "1");
  for (const char* input : {"small", "large"}) {
    std::vector<std::string> words = apply(model(input), "", "1");
    words.resize(words.size() - 4);  // no output
    words.insert(words.end(), {"--threads", "1", "--quiet", "--dry-run", "--force", "--plan-out"});
    words.emplace_back("first.json");
    run_well(words);
    words.back() = "other.json";
    const Finished other =
        run_program(words, {.environment = {{"OPENBLAS_CORETYPE", core}, {"OPENBLAS_VERBOSE", "2"}}});
    EXPECT_EQ(other.exit_code, 0) << other.err;
    if (other.err.find("Core: " + core) == std::string::npos) GTEST_SKIP() << "this BLAS has one set of kernels";
    EXPECT_EQ(plan_of("other.json"), plan_of("first.json"));
  }
}

INSTANTIATE_TEST_SUITE_P(OpenBlas, OtherKernels, ::testing::Values("Prescott", "Haswell"),
                         [](const auto& core) { return std::string(core.param); });

TEST_F(Determinism, AReferenceBlasGivesTheSamePlan) {
  const std::string library = PRUNENET_REFERENCE_BLAS;
  if (!std::filesystem::exists(library)) GTEST_SKIP() << "Debian's libblas3 is not installed";
  train("p.safetensors", "1");
  std::vector<std::string> words = {"apply", "--model",    model("small"), "--policy",  "p.safetensors", "--ratio",
                                    "0.3",   "--round-to", "none",         "--dry-run", "--plan-out",    "first.json"};
  run_well(words);
  words.back() = "other.json";
  // The address sanitizer, where the tests run under it, would want to be loaded before the library.
  const Finished other =
      run_program(words, {.environment = {{"LD_PRELOAD", library}, {"ASAN_OPTIONS", "verify_asan_link_order=0"}}});
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_THAT(other.err, Not(HasSubstr("cannot be preloaded"))) << "the other one was at work";
  EXPECT_EQ(plan_of("other.json"), plan_of("first.json"));
}

TEST_F(Determinism, KeepSetsAreNestedOverRatiosDrawnOrNot) {
  train("p.safetensors", "1");
  for (const bool drawn : {false, true}) {
    std::vector<std::vector<std::vector<int>>> kept;
    for (const char* ratio : {"0.1", "0.3", "0.5", "0.9"}) {
      std::vector<std::string> words = {"apply",   "--model",   model("large"), "--policy",   "p.safetensors",
                                        "--ratio", ratio,       "--round-to",   "none",       "--seed",
                                        "3",       "--dry-run", "--force",      "--plan-out", "plan.json"};
      if (drawn) words.emplace_back("--sample");
      run_well(words);
      kept.push_back(plan_of("plan.json").at("keep_indices"));
      if (kept.size() == 1) continue;
      for (std::size_t layer = 0; layer < kept.back().size(); ++layer) {
        const std::vector<int>& larger = kept[kept.size() - 2][layer];
        const std::vector<int>& smaller = kept.back()[layer];
        EXPECT_TRUE(std::includes(larger.begin(), larger.end(), smaller.begin(), smaller.end())) << ratio;
      }
    }
  }
}

TEST_F(Determinism, TrainingGivesTheSameNetworkAgain) {
  const auto network_of = [this](const std::string& name) {
    const SafetensorsFile policy = SafetensorsFile::open(path(name));
    std::map<std::string, std::vector<std::byte>> tensors;
    for (const std::string& tensor : policy.names()) tensors[tensor] = policy.read(tensor).data;
    return tensors;
  };
  train("a.safetensors", "2");
  train("b.safetensors", "2");
  EXPECT_EQ(network_of("a.safetensors"), network_of("b.safetensors"));
}

}  // namespace
}  // namespace prunenet::testing
