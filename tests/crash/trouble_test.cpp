// A disk that fills up, reads that fail, and signals that ask a run to stop: one line says so, and nothing is left.
#include <csignal>

#include "crash_test.h"

namespace prunenet::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

/// One that is tried everywhere.
struct Verb {
  std::string name;
  Words words;      ///< MODEL and GGUF stand for the inputs
  std::string out;  ///< what it writes
  bool resumable = false;
};

std::ostream& operator<<(std::ostream& stream, const Verb& verb) {
  return stream << verb.name;
}

class Trouble : public CrashTest, public ::testing::WithParamInterface<Verb> {
 protected:
  void SetUp() override {
    write_file("r.yaml",
               "probe: {tokens: 256, held_out_tokens: 64, sequence_length: 64}\n"
               "train: {steps: 4, validate_every: 2, layers_per_step: 2, hidden: 8}\n");
    write_file("compare.yaml", "ratios: [0.3]\nevaluation: {texts: ['" + text() +
                                   "'], context: 64, windows: 2}\nmethods:\n  - {name: magnitude}\n");
    run_whole({"export", "--model", model(), "--gguf", "m.gguf"});
    run_whole({"train", "--model", model(), "--recipe", "r.yaml", "--out", "p.safetensors"});
    words_ = GetParam().words;
    for (std::string& word : words_) {
      if (word == "MODEL") word = model();
    }
    before_ = names();
    whole_ = run_whole(words_);
    clear();
  }

  void clear() const {
    fs::remove_all(GetParam().out);
    fs::remove_all(GetParam().out + ".train");
  }

  void expect_nothing_left() const {
    std::set<std::string> now = names();
    if (GetParam().resumable) now.erase(GetParam().out + ".train");
    if (GetParam().name == "compare") now.erase("records");  // those that are whole stay
    EXPECT_EQ(now, before_);
  }

  /// Meets `fault` at moments spread over the calls: each run ends well, or with that exit code and one line.
  void meet_everywhere(Fault fault, std::uint64_t calls, int exit_code) {
    const std::uint64_t moments = std::min<std::uint64_t>(calls, static_cast<std::uint64_t>(crash_moments()) / 4);
    int failed = 0;
    for (std::uint64_t n = 0; n < moments && !HasFailure(); ++n) {
      const std::uint64_t nth = 1 + n * calls / moments;
      SCOPED_TRACE(::testing::Message() << "call " << nth << " of " << calls);
      const Finished finished = run_forked(words_, {fault, nth, {}}).finished;
      if (finished.exit_code != 0) {
        ++failed;
        EXPECT_EQ(finished.exit_code, exit_code) << finished.err;
        EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
        EXPECT_THAT(finished.err, HasSubstr("error: "));
        expect_nothing_left();
      }
      clear();
    }
    EXPECT_GE(failed, static_cast<int>(moments / 2));
    expect_model_untouched();
    run_whole(words_);
    clear();
  }

  Words words_;
  std::set<std::string> before_;
  Ended whole_;
};

TEST_P(Trouble, DiskThatFillsUp) {
  meet_everywhere(Fault::kDiskFull, whole_.counts.changes, 4);
}

TEST_P(Trouble, ReadErrors) {
  meet_everywhere(Fault::kReadError, whole_.counts.reads, 1);
}

TEST_P(Trouble, Signals) {
  for (const Fault fault : {Fault::kInterrupt, Fault::kTerminate, Fault::kHangUp}) {
    meet_everywhere(fault, whole_.counts.changes, 130);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Verbs, Trouble,
    ::testing::Values(
        Verb{"apply",
             {"apply", "--model", "MODEL", "--policy", "p.safetensors", "--ratio", "0.3", "--out", "out"},
             "out"},
        Verb{"apply_gguf",
             {"apply", "--model", "m.gguf", "--policy", "p.safetensors", "--ratio", "0.3", "--out", "out.gguf"},
             "out.gguf"},
        Verb{"export", {"export", "--model", "MODEL", "--gguf", "out.gguf"}, "out.gguf"},
        Verb{"import", {"import", "m.gguf", "--out", "out"}, "out"},
        Verb{"train",
             {"train", "--model", "MODEL", "--recipe", "r.yaml", "--out", "q.safetensors"},
             "q.safetensors",
             true},
        Verb{"compare", {"compare", "--recipe", "compare.yaml", "--model", "MODEL", "--out", "records"}, "records"}),
    [](const ::testing::TestParamInfo<Verb>& verb) { return verb.param.name; });

}  // namespace
}  // namespace prunenet::testing
