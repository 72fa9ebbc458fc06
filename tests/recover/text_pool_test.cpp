#include "prunenet/teach/text_pool.h"

#include <gtest/gtest.h>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "recover/tiny_student.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::small_recovery;
using testing::taught_by;

bool same(const TextPool& a, const TextPool& b) {
  return torch::equal(a.ids, b.ids) && torch::equal(a.top_ids, b.top_ids) &&
         torch::equal(a.log_probabilities, b.log_probabilities) && a.sampled == b.sampled;
}

/// What the model itself says of the tokens of a pool, computed at once.
void expect_said_by(const CausalLm& teacher, const TextPool& pool, const RecoverOptions& options) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits = teacher.logits(pool.ids.narrow(1, 0, pool.ids.size(1) - 1)).flatten(0, 1);
  const TeacherTokens expected = teacher_tokens(logits, options.top_logits, options.temperature);
  EXPECT_TRUE(torch::equal(pool.top_ids.flatten(0, 1), expected.ids));
  EXPECT_LT(testing::largest_difference(pool.log_probabilities.flatten(0, 1), expected.log_probabilities), 1e-5)
      << "token by token with a cache, in place of all at once";
}

TEST(TextPool, HoldsWhatTheTeacherSaidAsItSampled) {
  const CausalLm teacher = testing::load_tiny_model();
  RecoverOptions options = small_recovery();
  options.temperature = 2.0;
  const TaughtText text = taught_by(teacher, options);
  EXPECT_EQ(text.training.ids.sizes().vec(), (std::vector<std::int64_t>{16, 17}));
  EXPECT_EQ(text.training.tokens(), 256);
  EXPECT_EQ(text.held_out.tokens(), 64);
  expect_said_by(teacher, text.training, options);
  expect_said_by(teacher, text.held_out, options);
}

TEST(TextPool, FollowsTheSeedAndStartsAsAskedFor) {
  const CausalLm teacher = testing::load_tiny_model();
  RecoverOptions options = small_recovery();
  options.start_tokens = {4, 7, 9};
  const TaughtText text = taught_by(teacher, options);
  EXPECT_TRUE(same(text.training, taught_by(teacher, options).training));
  for (std::int64_t row = 0; row < 6; ++row) {
    EXPECT_EQ(text.training.ids[row][0].item<std::int64_t>(), options.start_tokens[static_cast<std::size_t>(row % 3)]);
  }
  options.seed = 1;
  EXPECT_FALSE(torch::equal(text.training.ids, taught_by(teacher, options).training.ids));
}

TEST(TextPool, OutsideTextIsReadByTheTeacherAndAloneHasNextTokens) {
  const CausalLm teacher = testing::load_tiny_model();
  const RecoverOptions options = small_recovery();
  SilentProgress silent;
  TextPool pool = taught_by(teacher, options).training;
  const torch::Tensor windows = testing::random_ids(teacher, 3, 17);
  add_outside_text(teacher, windows, options, pool, silent);
  EXPECT_EQ(pool.sequences(), 19);
  expect_said_by(teacher, pool, options);
  const TaughtBatch batch = pool.batch(torch::tensor({16, 2}, torch::kInt64));
  EXPECT_TRUE(torch::equal(batch.ids[0], windows[0].narrow(0, 0, 16)));
  EXPECT_TRUE(torch::equal(batch.next.narrow(0, 0, 16), windows[0].narrow(0, 1, 16)));
  EXPECT_TRUE((batch.next.narrow(0, 16, 16) == -1).all().item<bool>());
}

TEST(TextPool, WindowsOfAnotherLengthAreRefused) {
  const CausalLm teacher = testing::load_tiny_model();
  const RecoverOptions options = small_recovery();
  SilentProgress silent;
  TextPool pool = taught_by(teacher, options).training;
  expect_error(ErrorKind::kInvalidArgument, {"9", "17"},
               [&] { add_outside_text(teacher, testing::random_ids(teacher, 1, 9), options, pool, silent); });
}

TEST(TextPool, IsReadAsItWasSaved) {
  const testing::TemporaryDirectory directory;
  const CausalLm teacher = testing::load_tiny_model();
  const TaughtText text = taught_by(teacher, small_recovery());
  EXPECT_FALSE(load_taught_text(directory / "t.safetensors", "k"));
  save_taught_text(directory / "t.safetensors", "k", text);
  const auto read = load_taught_text(directory / "t.safetensors", "k");
  ASSERT_TRUE(read);
  EXPECT_TRUE(same(read->training, text.training) && same(read->held_out, text.held_out));
  expect_error(ErrorKind::kMismatch, {"t.safetensors"},
               [&] { (void)load_taught_text(directory / "t.safetensors", "other"); });
}

TEST(TextPool, DamagedFilesAreRefused) {
  const testing::TemporaryDirectory directory;
  const auto path = directory / "t.safetensors";
  const auto expect_refused = [&](const std::map<std::string, HostTensor>& tensors, const std::string& why) {
    write_safetensors(path, tensors, {{"key", "k"}});
    expect_error(ErrorKind::kBadInput, {"t.safetensors", why}, [&] { (void)load_taught_text(path, "k"); });
  };
  expect_refused({{"training.ids", testing::float_tensor({1, 2}, {0, 0})}}, "training.ids");
  const auto integers = [](Dtype dtype, std::vector<std::int64_t> shape, std::size_t bytes) {
    return testing::raw_tensor(dtype, std::move(shape), std::string(bytes, '\0'));
  };
  expect_refused({{"training.ids", integers(Dtype::kI64, {1, 2}, 16)},
                  {"training.sampled", integers(Dtype::kI64, {1}, 8)},
                  {"training.top_ids", integers(Dtype::kI32, {1, 3, 1}, 12)},
                  {"training.log_probabilities", testing::float_tensor({1, 3, 1}, {0, 0, 0})}},
                 "do not fit");
}

}  // namespace
}  // namespace prunenet
