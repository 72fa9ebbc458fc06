#include "prunenet/probe/probe.h"

#include <gtest/gtest.h>

#include "prunenet/core/rng.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

torch::Tensor random_tensor(std::vector<std::int64_t> shape, Rng& rng) {
  torch::Tensor tensor = torch::empty(shape);
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    tensor.data_ptr<float>()[i] = static_cast<float>(rng.normal()) * 0.3F;
  }
  return tensor;
}

/// Two layers, d = 8, I = 12, one head, vocabulary 20.
CausalLm tiny_model() {
  ModelConfig config;
  config.architecture = "LlamaForCausalLM";
  config.vocab_size = 20;
  config.hidden_size = 8;
  config.intermediate_size = 12;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 1;
  config.num_key_value_heads = 1;
  config.head_dim = 8;
  config.rotary_dim = 8;
  config.max_position_embeddings = 64;
  config.bos_token_id = 1;
  Rng rng(1);
  DecoderWeights weights;
  weights.embedding = random_tensor({20, 8}, rng);
  weights.final_norm.gain = torch::ones({8});
  weights.output_projection = weights.embedding;
  for (int layer = 0; layer < 2; ++layer) {
    DecoderLayerWeights block;
    block.attention_norm.gain = torch::ones({8});
    block.qkv = random_tensor({24, 8}, rng);
    block.o_proj = random_tensor({8, 8}, rng);
    block.ffn_norm.gain = torch::ones({8});
    block.gate_up = random_tensor({24, 8}, rng);
    block.down = random_tensor({8, 12}, rng);
    weights.layers.push_back(block);
  }
  return {config, weights};
}

ProbeOptions small_options() {
  ProbeOptions options;
  options.tokens = 200;
  options.held_out_tokens = 40;
  options.sequence_length = 16;
  return options;
}

TEST(Probe, ResponsesThatAreNotFiniteNameTheirLayer) {
  for (const std::int64_t exact_width : {4096, 1}) {
    DecoderWeights weights = tiny_model().weights();
    weights.layers[1].gate_up = weights.layers[1].gate_up * 1e30F;  // silu(g) u is infinite
    const CausalLm model(tiny_model().config(), weights);
    ProbeOptions options = small_options();
    options.exact_width = exact_width;
    SilentProgress silent;
    testing::expect_error(ErrorKind::kNumerical, {"layer 1"}, [&] {
      (void)collect_responses(model, torch::ones({2, 8}, torch::kInt64), options, silent);
    });
  }
}

TEST(Probe, TextStartsWithBosHasTheShapeAskedForAndFollowsTheSeed) {
  const CausalLm model = tiny_model();
  SilentProgress silent;
  const ProbeText text = sample_probe_text(model, small_options(), 3, silent);
  EXPECT_EQ(text.training.sizes().vec(), (std::vector<std::int64_t>{13, 16}));  // 200 tokens in whole sequences of 16
  EXPECT_EQ(text.held_out.sizes().vec(), (std::vector<std::int64_t>{3, 16}));
  EXPECT_TRUE((text.training.select(1, 0) == 1).all().item<bool>());
  EXPECT_TRUE(torch::equal(text.training, sample_probe_text(model, small_options(), 3, silent).training));
  EXPECT_FALSE(torch::equal(text.training, sample_probe_text(model, small_options(), 4, silent).training));
}

TEST(Probe, SequencesStartWithTheTokensAskedForInTurn) {
  const CausalLm model = tiny_model();
  SilentProgress silent;
  ProbeOptions options = small_options();
  options.start_tokens = {4, 7};
  const torch::Tensor first = sample_probe_text(model, options, 3, silent).training.select(1, 0);
  for (std::int64_t row = 0; row < first.size(0); ++row)
    EXPECT_EQ(first[row].item<std::int64_t>(), row % 2 == 0 ? 4 : 7);
}

TEST(Probe, MomentsAreThoseOfTheResponsesThatTheHookSees) {
  const torch::NoGradGuard no_grad;
  const CausalLm model = tiny_model();
  SilentProgress silent;
  const torch::Tensor ids = sample_probe_text(model, small_options(), 3, silent).training;
  std::vector<torch::Tensor> sums(2, torch::zeros({12, 12}, torch::kFloat64));
  std::vector<torch::Tensor> firsts(2, torch::zeros({12}, torch::kFloat64));
  (void)model.final_states(ids, [&](const FfnActivations& at) {
    const torch::Tensor wide = at.h.to(torch::kFloat64);
    auto& sum = sums[static_cast<std::size_t>(at.layer)];
    auto& first = firsts[static_cast<std::size_t>(at.layer)];
    first = first + wide.sum(0);
    sum = sum + wide.t().matmul(wide);
    return at.h;
  });
  const auto moments = collect_responses(model, ids, small_options(), silent);
  ASSERT_EQ(moments.size(), 2U);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const torch::Tensor expected = sums[layer] / static_cast<double>(ids.numel());
    const torch::Tensor mean = firsts[layer] / static_cast<double>(ids.numel());
    ASSERT_EQ(moments[layer].mean.size(), 12);
    double residual = 0.0;
    double mean_residual = 0.0;
    for (int i = 0; i < 12; ++i) {
      mean_residual = std::max(mean_residual, std::abs(mean[i].item<double>() - moments[layer].mean(i)));
      for (int j = 0; j < 12; ++j) {
        residual = std::max(residual, std::abs(expected[i][j].item<double>() - moments[layer].second_moment(i, j)));
      }
    }
    EXPECT_LT(residual, 1e-6 * expected.abs().max().item<double>()) << "layer " << layer;
    EXPECT_LT(mean_residual, 1e-6 * mean.abs().max().item<double>()) << "layer " << layer;
  }
}

TEST(Probe, BothTextsAtOnceGiveWhatEachGivesOnItsOwn) {
  const CausalLm model = tiny_model();
  SilentProgress silent;
  for (const std::int64_t exact_width : {4096, 1}) {
    ProbeOptions options = small_options();
    options.exact_width = exact_width;
    const ProbeText text = sample_probe_text(model, options, 3, silent);
    const auto training = collect_responses(model, text.training, options, silent);
    const auto held_out = collect_responses(model, text.held_out, options, silent);
    std::int64_t next = 0;
    collect_responses(
        model, text, options,
        [&](std::int64_t layer, const LayerMoments& moments) {
          EXPECT_EQ(layer, next++);
          const auto i = static_cast<std::size_t>(layer);
          EXPECT_EQ(moments.training.mean, training[i].mean);
          EXPECT_EQ(moments.held_out.mean, held_out[i].mean);
          EXPECT_EQ(moments.training.second_moment, training[i].second_moment);
          EXPECT_EQ(moments.training.packed.codes(), training[i].packed.codes());
          EXPECT_EQ(moments.held_out.second_moment, held_out[i].second_moment);
          EXPECT_EQ(moments.held_out.packed.codes(), held_out[i].packed.codes());
        },
        silent);
    EXPECT_EQ(next, 2);
  }
}

TEST(Probe, WideBlocksArePackedFromTheSameMoments) {
  const CausalLm model = tiny_model();
  SilentProgress silent;
  ProbeOptions options = small_options();
  const torch::Tensor ids = sample_probe_text(model, options, 3, silent).training;
  const auto exact = collect_responses(model, ids, options, silent);
  options.exact_width = 4;
  const auto packed = collect_responses(model, ids, options, silent);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    ASSERT_FALSE(packed[layer].is_exact());
    const PackedMatrix expected = PackedMatrix::pack(exact[layer].second_moment);
    EXPECT_EQ(packed[layer].packed.codes(), expected.codes()) << "layer " << layer;
    EXPECT_EQ(packed[layer].energies(), exact[layer].energies()) << "layer " << layer;
    EXPECT_EQ(packed[layer].mean, exact[layer].mean) << "layer " << layer;
  }
}

TEST(ProbeOptions, EveryFieldHasItsRange) {
  const auto expect_refused = [](const char* field, auto change) {
    ProbeOptions options;
    change(options);
    testing::expect_error(ErrorKind::kInvalidArgument, {field}, [&] { check(options); });
  };
  EXPECT_NO_THROW(check(ProbeOptions{}));
  expect_refused("tokens", [](auto& o) { o.tokens = 0; });
  expect_refused("held_out_tokens", [](auto& o) { o.held_out_tokens = 0; });
  expect_refused("sequence_length", [](auto& o) { o.sequence_length = 1; });
  expect_refused("at least 3 with loss_metric", [](auto& o) {
    o.sequence_length = 2;
    o.loss_metric = true;
  });
  expect_refused("temperature", [](auto& o) { o.temperature = 0.0; });
  expect_refused("exact_width", [](auto& o) { o.exact_width = -1; });
}

}  // namespace
}  // namespace prunenet
