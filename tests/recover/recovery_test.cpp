#include "prunenet/recover/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "prunenet/core/file.h"
#include "prunenet/core/sha256.h"
#include "prunenet/eval/perplexity.h"
#include "prunenet/prune/model_files.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "recover/pruned_small.h"
#include "support/added_family.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

using testing::expect_error;

TEST(CheckPair, TeacherAndStudentBelongTogether) {
  ModelConfig teacher;
  teacher.architecture = "LlamaForCausalLM";
  teacher.vocab_size = 100;
  teacher.hidden_size = 16;
  teacher.intermediate_size = 40;
  teacher.num_hidden_layers = 3;
  teacher.num_attention_heads = 4;
  teacher.num_key_value_heads = 2;
  teacher.head_dim = 4;
  EXPECT_NO_THROW(check_pair(teacher, teacher));
  const auto expect_mismatch = [&teacher](auto change, std::initializer_list<std::string> fragments) {
    ModelConfig student = teacher;
    change(student);
    expect_error(ErrorKind::kMismatch, fragments, [&] { check_pair(teacher, student); });
  };
  expect_mismatch([](auto& s) { s.architecture = "OPTForCausalLM"; }, {"LlamaForCausalLM", "OPTForCausalLM"});
  expect_mismatch([](auto& s) { s.vocab_size = 99; }, {"vocabulary", "100", "99"});
  expect_mismatch([](auto& s) { s.num_hidden_layers = 2; }, {"layers", "3", "2"});
  expect_mismatch([](auto& s) { s.hidden_size = 8; }, {"hidden size", "16", "8"});
  expect_mismatch([](auto& s) { s.num_attention_heads = 8; }, {"attention heads", "4", "8"});
  expect_mismatch([](auto& s) { s.num_key_value_heads = 4; }, {"key-value heads", "2", "4"});
  expect_mismatch([](auto& s) { s.head_dim = 8; }, {"size of a head", "4", "8"});
  expect_mismatch([](auto& s) { s.intermediate_size = 41; }, {"41", "wider", "40"});
}

class Recovery : public ::testing::Test {
 protected:
  Recovery() {
    testing::prune_small_by_chance(directory_ / "pruned");
    options_.sampled_tokens = 8192;
    options_.held_out_tokens = 1024;
    options_.sequence_length = 64;
    options_.steps = 60;
    options_.tokens = 512;
    options_.warmup_steps = 4;
    options_.learning_rate = 2e-3;
    options_.validate_every = 30;
    options_.save_every = 1000;
  }

  [[nodiscard]] RecoveryFiles files(const std::string& output) const {
    return testing::recovery_files(directory_, "pruned", output);
  }
  RecoveryReport recover(const RecoveryFiles& files) {
    SilentProgress silent;
    return recover_student(options_, files, silent);
  }
  [[nodiscard]] static double perplexity(const std::filesystem::path& model) {
    const torch::NoGradGuard no_grad;
    const Checkpoint checkpoint = Checkpoint::open(model);
    SilentProgress silent;
    const CausalLm network = CausalLm::load(checkpoint, *make_family(checkpoint), silent);
    return evaluate_perplexity(network, *load_tokenizer(model),
                               std::filesystem::path(PRUNENET_TEST_DATA) / "texts" / "heldout.txt",
                               {.context = 128, .windows = 24}, silent)
        .ppl;
  }
  [[nodiscard]] std::string weights_of(const std::string& output) const {
    return sha256_file(directory_ / output / "model.safetensors");
  }

  testing::TemporaryDirectory directory_;
  RecoverOptions options_;
};

TEST_F(Recovery, GivesBackMuchOfWhatPruningTook) {
  const RecoveryReport report = recover(files("out"));
  const double before = report.curve.front().held_out_divergence;
  const double after = report.curve.back().held_out_divergence;
  EXPECT_LT(after, 0.5 * before) << "KL on sampled text that was not trained on: " << before << " -> " << after;
  const double pruned = perplexity(directory_ / "pruned");
  const double recovered = perplexity(directory_ / "out");
  EXPECT_LT(recovered, 0.7 * pruned) << "perplexity on text that nobody sampled, from " << pruned;
}

TEST_F(Recovery, WritesWhatItDidAndWithWhat) {
  options_.steps = 2;
  RecoveryFiles wanted = files("out");
  wanted.command_line = "prunenet recover ...";
  const RecoveryReport report = recover(wanted);
  const auto record = nlohmann::json::parse(std::ifstream(directory_ / "out/recovery.json"));
  EXPECT_EQ(record, report.record);
  EXPECT_EQ(record.at("recover"), to_json(options_).at("recover"));
  EXPECT_EQ(record.at("teacher").at("name"), "small");
  EXPECT_EQ(record.at("student").at("name"), "pruned");
  EXPECT_EQ(record.at("pruning").at("plan").at("source"), "chance");
  EXPECT_EQ(record.at("curve").size(), 2U);
  EXPECT_EQ(record.at("outputs").at("model.safetensors"), weights_of("out"));
  EXPECT_EQ(record.at("inputs").at("model.safetensors"), weights_of("pruned"));
  EXPECT_EQ(record.at("run").at("command_line"), "prunenet recover ...");
  const std::string card = read_text_file(directory_ / "out/README.md");
  EXPECT_THAT(card, ::testing::HasSubstr("## Pruned by prunenet"));
  EXPECT_THAT(card, ::testing::HasSubstr("## Recovered by prunenet"));
  EXPECT_EQ(read_text_file(directory_ / "out/config.json"), read_text_file(directory_ / "pruned/config.json"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "out/prunenet.json")) << "its weights are not the record's";
}

TEST_F(Recovery, TheSameSeedGivesTheSameBytesAndAnotherOthers) {
  options_.steps = 2;
  recover(files("a"));
  recover(files("b"));
  EXPECT_EQ(weights_of("a"), weights_of("b"));
  options_.seed = 1;
  recover(files("c"));
  EXPECT_NE(weights_of("a"), weights_of("c"));
}

/// Interrupts once so many tokens of training have been reported.
class StopsAfter final : public Progress {
 public:
  explicit StopsAfter(std::uint64_t tokens) : left_(tokens) {}
  void begin(std::string_view stage, std::string_view /*unit*/, std::uint64_t /*total*/) override {
    counting_ = stage == "recovering";
  }
  void advance(std::uint64_t units) override {
    if (!counting_) return;
    left_ -= std::min(left_, units);
    if (left_ == 0) throw Error(ErrorKind::kInterrupted, "stopped");
  }
  void status(std::string_view /*text*/) override {}
  void note(std::string_view /*text*/) override {}
  void warn(std::string_view /*text*/) override {}

 private:
  std::uint64_t left_;
  bool counting_ = false;
};

TEST_F(Recovery, GoesOnAfterAnInterruptionToTheSameBits) {
  options_.steps = 8;
  recover(files("whole"));
  StopsAfter stops(5 * 504);  // five steps of eight sequences of 63
  expect_error(ErrorKind::kInterrupted, {"stopped", "after step 4 is kept"},
               [&] { (void)recover_student(options_, files("out"), stops); });
  EXPECT_FALSE(std::filesystem::exists(directory_ / "out"));
  RecoveryFiles resumed = files("out");
  resumed.resume = true;
  const RecoveryReport report = recover(resumed);
  EXPECT_EQ(weights_of("out"), weights_of("whole"));
  EXPECT_EQ(report.text_seconds, 0.0) << "the text was kept";
}

TEST_F(Recovery, IsStoppedByWhoSeesItsPointsAndLosesNoStep) {
  options_.steps = 6;
  options_.validate_every = 2;
  recover(files("whole"));
  RecoveryFiles stopped = files("out");
  stopped.log = [](const nlohmann::json& point) {
    if (point.at("step") == 4) throw Error(ErrorKind::kInterrupted, "stopped");
  };
  expect_error(ErrorKind::kInterrupted, {"stopped", "after step 4 is kept"}, [&] { recover(stopped); });
  RecoveryFiles resumed = files("out");
  resumed.resume = true;
  recover(resumed);
  EXPECT_EQ(weights_of("out"), weights_of("whole"));
}

TEST_F(Recovery, WorkOfOtherModelsOrTextIsNotResumed) {
  options_.steps = 4;
  StopsAfter stops(504);
  expect_error(ErrorKind::kInterrupted, {"stopped"}, [&] { (void)recover_student(options_, files("out"), stops); });
  RecoveryFiles resumed = files("out");
  resumed.resume = true;
  options_.seed = 5;
  expect_error(ErrorKind::kMismatch, {"out.recover"}, [&] { recover(resumed); });
  options_.seed = 0;
  options_.targets = {"q_proj"};
  expect_error(ErrorKind::kMismatch, {"state.safetensors"}, [&] { recover(resumed); });
}

TEST_F(Recovery, ALossThatIsNotFiniteKeepsTheLastGoodState) {
  options_.steps = 4;
  StopsAfter stops(3 * 504);
  expect_error(ErrorKind::kInterrupted, {"after step 2 is kept"},
               [&] { (void)recover_student(options_, files("out"), stops); });
  RecoveryFiles resumed = files("out");
  resumed.resume = true;
  options_.learning_rate = 1e30;
  options_.gradient_clip = 1e30;
  expect_error(ErrorKind::kNumerical, {"step 4 of 4", "after step 2 is kept"}, [&] { recover(resumed); });
  EXPECT_FALSE(std::filesystem::exists(directory_ / "out"));
}

TEST_F(Recovery, ServesOutsideTextWithPlainNextTokenLoss) {
  options_.steps = 2;
  options_.sampled_tokens = 0;
  options_.text_tokens = 2000;
  options_.next_token_weight = 1.0;
  RecoveryFiles wanted = files("out");
  wanted.text = std::filesystem::path(PRUNENET_TEST_DATA) / "texts" / "alice.txt";
  const RecoveryReport report = recover(wanted);
  EXPECT_EQ(report.text_sequences, 31);
  EXPECT_GT(report.curve.back().training_next_token, 1.0);
  EXPECT_EQ(report.record.at("text").at("file"), "alice.txt");
}

TEST_F(Recovery, TextShorterThanASequenceIsRefused) {
  testing::write_file(directory_ / "short.txt", "Too short.");
  RecoveryFiles wanted = files("out");
  wanted.text = directory_ / "short.txt";
  expect_error(ErrorKind::kInvalidArgument, {"short.txt", "64"}, [&] { recover(wanted); });
}

TEST_F(Recovery, MoreThanMemoryHoldsIsRefused) {
  RecoveryFiles wanted = files("out");
  wanted.load.available_bytes = 1'000'000;
  expect_error(ErrorKind::kOutOfSpace, {"pruned", "parameters", "1.0 MB", "lora"}, [&] { recover(wanted); });
  EXPECT_FALSE(std::filesystem::exists(wanted.work_directory));
}

TEST_F(Recovery, TeachesModelsOfAnAddedFamily) {
  options_.steps = 1;
  testing::copy_as(testing::kOurArchitecture, testing::trained_model("small"), directory_ / "our-teacher");
  testing::copy_as(testing::kOurArchitecture, directory_ / "pruned", directory_ / "our-student");
  RecoveryFiles wanted = files("ours");
  wanted.teacher = directory_ / "our-teacher";
  wanted.student = directory_ / "our-student";
  expect_error(ErrorKind::kUnsupported, {testing::kOurArchitecture}, [&] { recover(wanted); });

  SilentProgress silent;
  const RecoveryReport report = recover_student(options_, wanted, silent, testing::families_with_ours());
  EXPECT_EQ(report.record.at("student").at("architecture"), testing::kOurArchitecture);
  recover(files("theirs"));
  EXPECT_EQ(weights_of("ours"), weights_of("theirs")) << "the same model under another name";
}

TEST_F(Recovery, ExchangedModelsAreRefused) {
  RecoveryFiles wanted = files("out");
  std::swap(wanted.teacher, wanted.student);
  expect_error(ErrorKind::kMismatch, {"wider"}, [&] { recover(wanted); });
}

TEST_F(Recovery, AnOutputInAnInputIsRefused) {
  RecoveryFiles wanted = files("out");
  wanted.output = wanted.student / "below";
  expect_error(ErrorKind::kInvalidArgument, {"pruned"}, [&] { recover(wanted); });
}

}  // namespace
}  // namespace prunenet
