// Layers that are read when they are needed, and passes layer by layer: the numbers of a model in memory, bit for bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <numeric>

#include "model/tiny_models.h"
#include "prunenet/model/batches.h"
#include "prunenet/model/sample.h"
#include "prunenet/model/streamed_layers.h"
#include "support/expect_error.h"
#include "support/recording_progress.h"

namespace prunenet {
namespace {

using testing::LoadedTinyModel;

std::vector<torch::Tensor> pass(const CausalLm& model, const std::vector<torch::Tensor>& sequences,
                                const LayerPass& what = {}) {
  std::vector<TokenBatch> batches;
  for (const torch::Tensor& ids : sequences) batches.push_back(sequence_batch(ids));
  SilentProgress silent;
  return model.states_by_layer(batches, what, silent);
}

class Streamed : public ::testing::TestWithParam<std::string> {
 protected:
  const LoadedTinyModel resident_{GetParam()};
  const LoadedTinyModel streamed_{GetParam(), {.stream = true}};
};

TEST_P(Streamed, EveryResultIsThatOfTheModelInMemory) {
  const torch::NoGradGuard no_grad;
  const CausalLm& resident = resident_.model;
  const CausalLm& streamed = streamed_.model;
  EXPECT_TRUE(streamed.streams());
  EXPECT_TRUE(streamed.weights().layers.empty());
  const torch::Tensor ids = testing::random_ids(resident, 3, 11);
  EXPECT_TRUE(torch::equal(resident.logits(ids), streamed.logits(ids)));
  EXPECT_TRUE(torch::equal(resident.token_nll(ids), streamed.token_nll(ids)));
  SilentProgress silent;
  Rng one(5);
  Rng other(5);
  const SampleOptions options{.tokens = 6};
  EXPECT_TRUE(torch::equal(sample(resident, ids, options, one, silent), sample(streamed, ids, options, other, silent)));
}

TEST_P(Streamed, LayerByLayerGivesTheStatesOfSequencesOnTheirOwn) {
  const torch::NoGradGuard no_grad;
  const std::vector<torch::Tensor> sequences = {testing::random_ids(resident_.model, 2, 9, 1),
                                                testing::random_ids(resident_.model, 1, 12, 2)};
  std::map<std::pair<std::size_t, std::int64_t>, torch::Tensor> seen;
  std::vector<std::int64_t> finished;
  const LayerPass look{.see =
                           [&](std::size_t batch, const FfnActivations& at) {
                             seen[{batch, at.layer}] = at.h.clone();
                           },
                       .finish = [&](std::int64_t layer, const DecoderLayerWeights&) { finished.push_back(layer); }};
  for (const CausalLm* model : {&resident_.model, &streamed_.model}) {
    seen.clear();
    finished.clear();
    const std::vector<torch::Tensor> states = pass(*model, sequences, look);
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      const FfnHook compare = [&](const FfnActivations& at) {
        EXPECT_TRUE(torch::equal(at.h, seen.at({i, at.layer}))) << "batch " << i << ", layer " << at.layer;
        return at.h;
      };
      EXPECT_TRUE(torch::equal(resident_.model.final_states(sequences[i], compare).flatten(0, 1), states[i]));
    }
    std::vector<std::int64_t> all(static_cast<std::size_t>(model->config().num_hidden_layers));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    EXPECT_EQ(finished, all);
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, Streamed, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

/// Hands a model's tensors on, and counts who asks for which.
class CountingStore final : public TensorStore {
 public:
  explicit CountingStore(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}
  [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const override { return checkpoint_.tensors(); }
  [[nodiscard]] HostTensor read(const std::string& name) const override {
    const std::scoped_lock lock(mutex_);
    ++reads_[name];
    return checkpoint_.read(name);
  }
  [[nodiscard]] int reads(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    const auto found = reads_.find(name);
    return found == reads_.end() ? 0 : found->second;
  }

 private:
  const Checkpoint& checkpoint_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, int> reads_;
};

/// Looks at what is in memory whenever a layer is asked for.
class WatchedLayers final : public LayerStore {
 public:
  WatchedLayers(const LayerStore& layers, std::function<void(std::int64_t)> look)
      : layers_(layers), look_(std::move(look)) {}
  [[nodiscard]] DecoderLayerWeights layer(std::int64_t layer) const override {
    look_(layer);
    EXPECT_EQ(handed_out_.use_count(), 0U) << "the layer before " << layer << " is still held";
    const DecoderLayerWeights weights = layers_.layer(layer);
    handed_out_ = c10::weak_intrusive_ptr<c10::TensorImpl>(weights.down.getIntrusivePtr());
    return weights;
  }

 private:
  const LayerStore& layers_;
  std::function<void(std::int64_t)> look_;
  mutable c10::weak_intrusive_ptr<c10::TensorImpl> handed_out_{
      c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>()};
};

TEST(StreamedLayers, APassHoldsOneLayerReadsOneAheadAndReadsEachOnce) {
  const LoadedTinyModel tiny("llama-grouped-tied");
  auto store = std::make_unique<CountingStore>(tiny.checkpoint);
  const CountingStore& counted = *store;
  const Checkpoint checkpoint = Checkpoint::over("model", tiny.checkpoint.config(), std::move(store));
  const StreamedLayers layers(checkpoint, *tiny.family, torch::kCPU);
  const std::int64_t last = tiny.model.config().num_hidden_layers - 1;
  const auto reads = [&](std::int64_t layer) {
    return layer > last ? 0 : counted.reads(tiny.family->ffn_block(layer).down.weight);
  };
  const auto watched = std::make_shared<WatchedLayers>(layers, [&](std::int64_t layer) {
    EXPECT_EQ(reads(layer + 1), 0) << "read two layers ahead of layer " << layer - 1;
  });
  const CausalLm model(tiny.model.config(), tiny.model.weights(), watched);
  const torch::Tensor ids = testing::random_ids(model, 5, 7);
  (void)pass(model, batches_of(ids, 7));
  for (std::int64_t layer = 0; layer <= last; ++layer) EXPECT_EQ(reads(layer), 1) << "layer " << layer;
}

TEST(StreamedLayers, MayBeAskedForInAnyOrder) {
  const LoadedTinyModel tiny("llama-grouped-tied");
  const StreamedLayers layers(tiny.checkpoint, *tiny.family, torch::kCPU);
  for (const std::int64_t layer : {1, 0, 0, 1, 1}) {
    EXPECT_TRUE(torch::equal(layers.layer(layer).gate_up,
                             tiny.model.weights().layers[static_cast<std::size_t>(layer)].gate_up));
  }
}

TEST(StreamedLayers, WhatCannotBeReadAheadIsAnErrorWhenItsTurnComes) {
  const LoadedTinyModel tiny("llama-grouped-tied");
  class Failing final : public TensorStore {
   public:
    Failing(const Checkpoint& checkpoint, std::string name) : checkpoint_(checkpoint), name_(std::move(name)) {}
    [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const override { return checkpoint_.tensors(); }
    [[nodiscard]] HostTensor read(const std::string& name) const override {
      if (name == name_) throw Error(ErrorKind::kIo, "the disk is gone");
      return checkpoint_.read(name);
    }

   private:
    const Checkpoint& checkpoint_;
    std::string name_;
  };
  const std::string broken = tiny.family->ffn_block(1).down.weight;
  const Checkpoint checkpoint =
      Checkpoint::over("model", tiny.checkpoint.config(), std::make_unique<Failing>(tiny.checkpoint, broken));
  const StreamedLayers layers(checkpoint, *tiny.family, torch::kCPU);
  EXPECT_NO_THROW((void)layers.layer(0));
  testing::expect_error(ErrorKind::kIo, {"the disk is gone"}, [&] { (void)layers.layer(1); });
  EXPECT_NO_THROW((void)layers.layer(0)) << "an error is no state";
}

TEST(LayerPass, ReportsEachTokenOnce) {
  const CausalLm model = testing::load_tiny_model();
  testing::RecordingProgress progress;
  progress.begin("a pass", "tokens", 21);
  const std::vector<TokenBatch> batches = {sequence_batch(testing::random_ids(model, 2, 7)),
                                           sequence_batch(testing::random_ids(model, 1, 7))};
  (void)model.states_by_layer(batches, {}, progress);
  ASSERT_EQ(progress.done.size(), 1U);
  EXPECT_EQ(progress.done.front(), 21U);
}

TEST(LayerPass, RejectsWhatCannotBeRun) {
  const CausalLm model = testing::load_tiny_model();
  const auto kind = ErrorKind::kInvalidArgument;
  testing::expect_error(kind, {"65", "max_position_embeddings"}, [&] {
    (void)pass(model, {torch::zeros({1, 65}, torch::kInt64)});
  });
  testing::expect_error(kind, {"64", "vocabulary"}, [&] {
    (void)pass(model, {torch::full({1, 2}, 64, torch::kInt64)});
  });
}

}  // namespace
}  // namespace prunenet
