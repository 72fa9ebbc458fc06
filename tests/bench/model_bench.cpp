// Forward passes of random LLaMA models: a tiny one, and six layers of SmolLM2-135M's shapes.
//   OPENBLAS_NUM_THREADS=2 OMP_NUM_THREADS=2 build/tests/bench/bench_model
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "prunenet/core/rng.h"
#include "prunenet/model/causal_lm.h"

namespace prunenet {
namespace {

ModelConfig tiny() {
  ModelConfig config;
  config.vocab_size = 512;
  config.hidden_size = 64;
  config.intermediate_size = 192;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = 16;
  config.rotary_dim = 16;
  config.max_position_embeddings = 1024;
  return config;
}

ModelConfig smollm2_layers() {
  ModelConfig config = tiny();
  config.vocab_size = 49152;
  config.hidden_size = 576;
  config.intermediate_size = 1536;
  config.num_hidden_layers = 6;
  config.num_attention_heads = 9;
  config.num_key_value_heads = 3;
  config.head_dim = 64;
  config.rotary_dim = 64;
  return config;
}

CausalLm random_model(const ModelConfig& config) {
  Rng rng(1);
  const auto normal = [&rng](std::int64_t rows, std::int64_t columns) {
    torch::Tensor values = torch::empty({rows, columns});
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      values.data_ptr<float>()[i] = 0.05F * static_cast<float>(rng.normal());
    }
    return values;
  };
  const std::int64_t hidden = config.hidden_size;
  const NormTensors norm{torch::ones({hidden}), {}};
  DecoderWeights weights;
  weights.embedding = normal(config.vocab_size, hidden);
  weights.output_projection = weights.embedding;
  weights.final_norm = norm;
  const std::int64_t queries = config.num_attention_heads * config.head_dim;
  const std::int64_t keys = config.num_key_value_heads * config.head_dim;
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    DecoderLayerWeights one;
    one.attention_norm = norm;
    one.qkv = normal(queries + 2 * keys, hidden);
    one.o_proj = normal(hidden, queries);
    one.ffn_norm = norm;
    one.gate_up = normal(2 * config.intermediate_size, hidden);
    one.down = normal(hidden, config.intermediate_size);
    weights.layers.push_back(std::move(one));
  }
  return {config, std::move(weights)};
}

/// States of all tokens, without logits. Items are tokens.
void forward(benchmark::State& state, const ModelConfig& config, std::int64_t tokens) {
  const torch::NoGradGuard no_grad;
  const CausalLm model = random_model(config);
  const torch::Tensor ids = torch::arange(tokens).unsqueeze(0).remainder(config.vocab_size);
  if (!torch::isfinite(model.final_states(ids)).all().item<bool>()) state.SkipWithError("states are not finite");
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(model.final_states(ids));
  state.SetItemsProcessed(state.iterations() * tokens);
}

BENCHMARK_CAPTURE(forward, tiny_128_tokens, tiny(), 128)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(forward, tiny_1024_tokens, tiny(), 1024)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(forward, smollm2_6_layers_128_tokens, smollm2_layers(), 128)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(forward, smollm2_6_layers_1024_tokens, smollm2_layers(), 1024)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prunenet
