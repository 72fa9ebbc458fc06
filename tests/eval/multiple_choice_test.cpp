#include "prunenet/eval/multiple_choice.h"

#include <gtest/gtest.h>

#include <cmath>

#include "eval/trained_model.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::TrainedModel;

/// Oracle: every choice by itself, whole sequence, full logits. `split` tokens are context.
double naive_score(const TrainedModel& trained, const std::vector<TokenId>& ids, std::size_t split) {
  const torch::NoGradGuard no_grad;
  torch::Tensor input = torch::empty({1, static_cast<std::int64_t>(ids.size())}, torch::kInt64);
  for (std::size_t i = 0; i < ids.size(); ++i) input[0][static_cast<std::int64_t>(i)] = ids[i];
  const torch::Tensor log_p = trained.model.logits(input)[0].to(torch::kFloat64).log_softmax(1);
  double score = 0.0;
  for (std::size_t i = split; i < ids.size(); ++i) {
    score += log_p[static_cast<std::int64_t>(i) - 1][ids[i]].item<double>();
  }
  return score;
}

ChoiceItem item(std::vector<std::string> contexts, std::vector<std::string> endings) {
  ChoiceItem result;
  result.contexts = std::move(contexts);
  result.endings = std::move(endings);
  return result;
}

std::vector<ChoiceItem> various_items() {
  return {
      item({"Alice was beginning", "Alice was beginning", "Alice was beginning"},
           {"to get very tired", "to sit", "of it; and what is the use of a book"}),
      item({"The Queen said", "The Queen said"}, {"a", "b"}),
      item({"Alice was tired so Alice", "Alice was tired so the Hatter"}, {"slept.", "slept."}),
      item({"Oh ", "Oh "}, {"dear!", "my ears and whiskers!"}),  // white space moves to the continuation
  };
}

TEST(ScoreChoices, EqualsScoringEveryChoiceAlone) {
  const TrainedModel trained;
  SilentProgress silent;
  const auto items = various_items();
  const auto scores = score_choices(trained.model, *trained.tokenizer, items, silent);
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t choice = 0; choice < items[i].endings.size(); ++choice) {
      std::string context = items[i].contexts[choice];
      std::string continuation = " " + items[i].endings[choice];
      if (context.back() == ' ') {
        context.pop_back();
        continuation = " " + continuation;
      }
      const auto ids = trained.tokenizer->encode(context + continuation);
      const double expected = naive_score(trained, ids, trained.tokenizer->encode(context).size());
      EXPECT_NEAR(scores[i].log_likelihood[choice], expected, 1e-4 * std::abs(expected))
          << "item " << i << ", choice " << choice;
    }
  }
}

TEST(ScoreChoices, StreamedModelsAnswerTheSameInOnePass) {
  const TrainedModel trained;
  SilentProgress silent;
  const CausalLm streamed = CausalLm::load(trained.checkpoint, *trained.family, silent, {.stream = true});
  std::vector<ChoiceItem> items;
  for (int copy = 0; copy < 40; ++copy) {  // several batches
    for (ChoiceItem& one : various_items()) items.push_back(std::move(one));
  }
  const auto scores = score_choices(trained.model, *trained.tokenizer, items, silent);
  const auto again = score_choices(streamed, *trained.tokenizer, items, silent);
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(scores[i].log_likelihood, again[i].log_likelihood) << "item " << i;
  }
}

TEST(ScoreChoices, LikelihoodThatIsNoNumberIsAnErrorThatNamesItsItem) {
  const TrainedModel trained;
  SilentProgress silent;
  DecoderWeights weights = trained.model.weights();
  weights.final_norm.gain = weights.final_norm.gain * std::nan("");
  const CausalLm model(trained.model.config(), weights);
  expect_error(ErrorKind::kNumerical, {"item 1", "choice 1", "nan"},
               [&] { (void)score_choices(model, *trained.tokenizer, various_items(), silent); });
}

TEST(ScoreChoices, EmptyContextIsBos) {
  const TrainedModel trained;
  SilentProgress silent;
  const auto scores = score_choices(trained.model, *trained.tokenizer, {item({"", ""}, {"Alice", "the"})}, silent);
  std::vector<TokenId> ids{*trained.tokenizer->bos_id()};
  for (const TokenId id : trained.tokenizer->encode(" Alice")) ids.push_back(id);
  EXPECT_NEAR(scores[0].log_likelihood[0], naive_score(trained, ids, 1), 1e-3);
}

TEST(ScoreChoices, TooLongAContextLosesItsLeftEnd) {
  const TrainedModel trained;
  SilentProgress silent;
  std::string context;
  for (int i = 0; i < 200; ++i) context += " and the Mock Turtle said";
  const auto scores =
      score_choices(trained.model, *trained.tokenizer, {item({context, context}, {"no", "yes"})}, silent);
  auto ids = trained.tokenizer->encode(context + " no");
  const std::size_t continuation = ids.size() - trained.tokenizer->encode(context).size();
  const auto most = static_cast<std::size_t>(trained.model.config().max_position_embeddings) + 1;
  ids.erase(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(most));
  // The last token is only scored, so the oracle's input is one shorter than `ids`.
  const torch::NoGradGuard no_grad;
  torch::Tensor input = torch::empty({1, static_cast<std::int64_t>(most) - 1}, torch::kInt64);
  for (std::size_t i = 0; i + 1 < most; ++i) input[0][static_cast<std::int64_t>(i)] = ids[i];
  const torch::Tensor log_p = trained.model.logits(input)[0].to(torch::kFloat64).log_softmax(1);
  double expected = 0.0;
  for (std::size_t i = most - continuation; i < most; ++i) {
    expected += log_p[static_cast<std::int64_t>(i) - 1][ids[i]].item<double>();
  }
  EXPECT_NEAR(scores[0].log_likelihood[0], expected, 1e-4 * std::abs(expected));
}

TEST(MultipleChoice, AccuraciesTiesAndErrors) {
  const TrainedModel trained;
  SilentProgress silent;
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "tasks.jsonl",
                      R"({"id": "tie", "context": "The Queen", "choices": ["said", "said"], "label": 0}
{"context": "The Queen", "choices": ["said", "said"], "label": 1}

{"context": "said the", "choices": ["Gryphon.", "zqxj vkzq xq."], "label": 0}
)");
  const MultipleChoice result =
      evaluate_multiple_choice(trained.model, *trained.tokenizer, directory / "tasks.jsonl", 0, silent);
  EXPECT_EQ(result.n, 3);
  EXPECT_NEAR(result.acc, 2.0 / 3.0, 1e-12);  // ties go to the first
  EXPECT_NEAR(result.acc_stderr, std::sqrt(2.0 / 9.0 / 2.0), 1e-12);
  ASSERT_TRUE(result.acc_norm.has_value());
  EXPECT_EQ(evaluate_multiple_choice(trained.model, *trained.tokenizer, directory / "tasks.jsonl", 1, silent).n, 1);
}

TEST(MultipleChoice, PartialFormHasNoNormalisedAccuracy) {
  const TrainedModel trained;
  SilentProgress silent;
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "w.jsonl",
                      R"({"contexts": ["So Alice", "So the Hatter"], "continuation": "slept.", "label": 1})");
  const MultipleChoice result =
      evaluate_multiple_choice(trained.model, *trained.tokenizer, directory / "w.jsonl", 0, silent);
  EXPECT_FALSE(result.acc_norm.has_value());
  EXPECT_EQ(result.acc_stderr, 0.0);  // of one item
}

TEST(ChoiceItems, BadLinesAreNamed) {
  const testing::TemporaryDirectory directory;
  const auto expect_bad = [&](const std::string& content, std::initializer_list<std::string> fragments) {
    testing::write_file(directory / "t.jsonl", content);
    expect_error(ErrorKind::kBadInput, fragments, [&] { (void)read_choice_items(directory / "t.jsonl"); });
  };
  expect_bad("", {"holds no items"});
  expect_bad("{", {"t.jsonl:1", "not valid JSON"});
  expect_bad("\n[]", {"t.jsonl:2", "not a JSON object"});
  expect_bad(R"({"context": 3, "choices": ["a", "b"], "label": 0})", {"'context'"});
  expect_bad(R"({"context": "x", "choices": ["a"], "label": 0})", {"'choices'", "2 to 64"});
  expect_bad(R"({"context": "x", "choices": ["a", "b"], "label": 2})", {"'label'", "0 to 1"});
  expect_bad(R"({"contexts": ["x", "y"], "label": 0})", {"'continuation'"});
  expect_bad(R"({"id": 7, "context": "x", "choices": ["a", "b"], "label": 0})", {"'id'"});
}

TEST(ChoiceItems, ChoicesAreLimited) {  // each has a copy of what they share
  const testing::TemporaryDirectory directory;
  nlohmann::json item = {{"context", "a"}, {"label", 0}, {"choices", std::vector<std::string>(65, "b")}};
  testing::write_file(directory / "a.jsonl", item.dump());
  testing::expect_error(ErrorKind::kBadInput, {"a.jsonl:1", "'choices'", "2 to 64"},
                        [&] { (void)read_choice_items(directory / "a.jsonl"); });
}

TEST(ChoiceItems, LinesAreStrictJson) {
  const testing::TemporaryDirectory directory;
  const auto refused = [&](std::initializer_list<std::string> fragments, const std::string& line) {
    testing::write_file(directory / "a.jsonl", line);
    testing::expect_error(ErrorKind::kBadInput, fragments, [&] { (void)read_choice_items(directory / "a.jsonl"); });
  };
  refused({"a.jsonl:1", "nested deeper than 64"}, std::string(R"({"x":)").append(100'000, '['));
  refused({"a.jsonl:2", "'label' stands twice"},
          "\n"
          R"({"label":0,"label":1})");
}

}  // namespace
}  // namespace prunenet
