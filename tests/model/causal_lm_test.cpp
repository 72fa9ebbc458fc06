#include "prunenet/model/causal_lm.h"

#include <gtest/gtest.h>

#include "model/tiny_models.h"
#include "prunenet/model/runtime.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

TEST(CausalLm, TokenNllIsTheLogSoftmaxOfTheLogits) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor ids = testing::random_ids(model, 3, 17);
  const torch::Tensor log_p = torch::log_softmax(model.logits(ids), -1).slice(1, 0, 16);
  const torch::Tensor expected = -log_p.gather(2, ids.slice(1, 1).unsqueeze(2)).squeeze(2);
  EXPECT_LT(testing::largest_difference(model.token_nll(ids), expected), 1e-5);
}

TEST(CausalLm, CacheInPiecesGivesTheLogitsOfTheWhole) {
  for (const std::string& name : testing::tiny_model_names()) {
    const CausalLm model = testing::load_tiny_model(name);
    const torch::Tensor ids = testing::random_ids(model, 2, 12);
    const torch::Tensor whole = model.logits(ids);
    KvCache cache(model.config(), 2, 12);
    for (const auto& [begin, end] : {std::pair{0, 5}, {5, 6}, {6, 7}, {7, 12}}) {
      const torch::Tensor next = model.next_logits(ids.slice(1, begin, end), cache);
      EXPECT_LT(testing::largest_difference(next, whole.select(1, end - 1)), 1e-5) << name << " at " << end;
      EXPECT_EQ(cache.length(), end);
    }
  }
}

TEST(CausalLm, LongSequencesPassThroughSeveralBlocksOfAttention) {
  const CausalLm model = testing::load_tiny_model("llama-llama3-rope");
  const torch::Tensor ids = testing::random_ids(model, 1, 300);
  const torch::Tensor whole = model.logits(ids);  // grad mode: attention in one piece
  const torch::NoGradGuard no_grad;
  EXPECT_LT(testing::largest_difference(model.logits(ids), whole), 2e-5);
}

TEST(CausalLm, TiedOutputSharesTheEmbedding) {
  const CausalLm tied = testing::load_tiny_model("llama-grouped-tied");
  EXPECT_TRUE(tied.weights().output_projection.is_same(tied.weights().embedding));
  const CausalLm untied = testing::load_tiny_model("llama-biased-untied");
  EXPECT_FALSE(untied.weights().output_projection.is_same(untied.weights().embedding));
}

TEST(CausalLm, RejectsIdsItCannotRun) {
  const CausalLm model = testing::load_tiny_model();
  const auto run = [&model](const torch::Tensor& ids) { return [&model, ids] { (void)model.logits(ids); }; };
  const auto kind = ErrorKind::kInvalidArgument;
  testing::expect_error(kind, {"64", "vocabulary"}, run(torch::full({1, 2}, 64, torch::kInt64)));
  testing::expect_error(kind, {"-1", "vocabulary"}, run(torch::full({1, 2}, -1, torch::kInt64)));
  testing::expect_error(kind, {"65", "max_position_embeddings", "64"}, run(torch::zeros({1, 65}, torch::kInt64)));
  testing::expect_error(kind, {"int64"}, run(torch::zeros({1, 2})));
  testing::expect_error(kind, {"rank 2"}, run(torch::zeros({2}, torch::kInt64)));
  testing::expect_error(kind, {"not empty"}, run(torch::zeros({1, 0}, torch::kInt64)));
  testing::expect_error(kind, {"at least 2"}, [&] { (void)model.token_nll(torch::zeros({1, 1}, torch::kInt64)); });
}

TEST(CausalLm, RejectsACacheThatDoesNotFit) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor ids = testing::random_ids(model, 2, 5);
  KvCache small(model.config(), 2, 4);
  testing::expect_error(ErrorKind::kInvalidArgument, {"2 sequences", "5", "4"},
                        [&] { (void)model.next_logits(ids, small); });
  KvCache other(model.config(), 3, 8);
  testing::expect_error(ErrorKind::kInvalidArgument, {"cache of 3"}, [&] { (void)model.next_logits(ids, other); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"65", "64"}, [&] { KvCache(model.config(), 1, 65); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"0 sequences"}, [&] { KvCache(model.config(), 0, 8); });
}

TEST(CausalLm, NllChecksItsShapes) {
  const CausalLm model = testing::load_tiny_model();
  testing::expect_error(ErrorKind::kInvalidArgument, {"[3, 16]"}, [&] {
    (void)model.nll(torch::zeros({2, 16}), torch::zeros({3}, torch::kInt64));
  });
}

TEST(CausalLm, WeightsThatDoNotFitIntoMemoryAreRefusedBeforeTheyAreRead) {
  const auto load = [](bool stream, std::uint64_t available) {
    const testing::LoadedTinyModel tiny(
        "llama-grouped-tied", {.stream = stream, .when_too_large = "do something else", .available_bytes = available});
    return tiny.checkpoint.parameters() * sizeof(float);
  };
  const std::uint64_t needed = load(true, 0);
  EXPECT_NO_THROW((void)load(false, needed));
  testing::expect_error(ErrorKind::kOutOfSpace,
                        {"llama-grouped-tied", "parameters in float32", "are available; do something else"},
                        [&] { (void)load(false, needed - 1); });
}

TEST(Runtime, RejectsThreadCountsOutsideItsRange) {
  testing::expect_error(ErrorKind::kInvalidArgument, {"0 threads"}, [] { set_threads(0); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"1025 threads"}, [] { set_threads(1025); });
  set_threads(1);
  EXPECT_EQ(at::get_num_threads(), 1);
}

}  // namespace
}  // namespace prunenet
