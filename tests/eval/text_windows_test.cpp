#include "prunenet/eval/text_windows.h"

#include <gtest/gtest.h>

#include "eval/trained_model.h"
#include "prunenet/core/file.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::TrainedModel;

struct ShortText : TrainedModel {
  ShortText() {
    testing::write_file(file, "Alice was beginning to get very tired of sitting by her sister on the bank.");
    for (const TokenId id : tokenizer->encode(read_text_file(file))) tokens.push_back(id);
  }
  [[nodiscard]] torch::Tensor calibration(std::int64_t windows, std::int64_t context) const {
    return calibration_windows(model.config(), *tokenizer, file, windows, context);
  }

  testing::TemporaryDirectory directory;
  std::filesystem::path file = directory / "alice";
  std::vector<std::int64_t> tokens;
};

TEST(CalibrationWindows, AreTheFirstTokensWithoutSpecialOnes) {
  const ShortText text;
  ASSERT_GT(text.tokens.size(), 20U);
  const torch::Tensor windows = text.calibration(2, 7);
  ASSERT_EQ(windows.sizes(), (std::vector<std::int64_t>{2, 7}));
  for (std::int64_t i = 0; i < 14; ++i) {
    EXPECT_EQ(windows[i / 7][i % 7].item<std::int64_t>(), text.tokens[static_cast<std::size_t>(i)]);
  }
}

TEST(CutWindows, CutsAsManyAsThereAreOrAreAskedFor) {
  const ShortText text;
  const auto count = static_cast<std::int64_t>(text.tokens.size());
  const auto cut = [&](std::int64_t windows) {
    return cut_windows(text.model.config(), *text.tokenizer, text.file, {.context = 7, .windows = windows});
  };
  EXPECT_EQ(cut(0).ids.size(0), count / 7);
  EXPECT_EQ(cut(1000).ids.size(0), count / 7);
  EXPECT_EQ(cut(1).ids.size(0), 1);
  EXPECT_EQ(cut(1).text_tokens, count);
}

TEST(CalibrationErrors, TextThatIsTooShort) {
  const ShortText text;
  const auto tokens = std::to_string(text.tokens.size());
  expect_error(ErrorKind::kInvalidArgument, {"alice", tokens, "1000 are asked for"},
               [&] { (void)text.calibration(1000, 7); });
  expect_error(ErrorKind::kInvalidArgument, {"alice", tokens, "one window of 100"},
               [&] { (void)text.calibration(1, 100); });
}

TEST(CalibrationErrors, WindowsThatCannotBe) {
  const ShortText text;
  expect_error(ErrorKind::kInvalidArgument, {"0 windows"}, [&] { (void)text.calibration(0, 7); });
  expect_error(ErrorKind::kInvalidArgument, {"context 1"}, [&] { (void)text.calibration(1, 1); });
  expect_error(ErrorKind::kInvalidArgument, {"129 tokens", "128 positions"}, [&] { (void)text.calibration(1, 129); });
}

}  // namespace
}  // namespace prunenet
