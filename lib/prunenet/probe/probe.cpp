#include "prunenet/probe/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "prunenet/core/error.h"
#include "prunenet/model/batches.h"
#include "prunenet/model/sample.h"
#include "prunenet/spectral/sketch.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kTextStream = 11;

MatrixF to_matrix(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().contiguous();
  return Eigen::Map<const MatrixF>(values.data_ptr<float>(), values.size(0), values.size(1));
}

/// [batch, 1]
torch::Tensor first_tokens(const ModelConfig& config, std::int64_t batch, const ProbeOptions& options) {
  if (options.start_tokens.empty()) return start_prompts(config, batch);
  torch::Tensor tokens = torch::empty({batch, 1}, torch::kInt64);
  for (std::int64_t row = 0; row < batch; ++row) {
    tokens[row][0] = options.start_tokens[static_cast<std::size_t>(row) % options.start_tokens.size()];
  }
  return tokens;
}

/// Sums h h^T of one layer, or its sketch, while the probe runs.
class MomentAccumulator {
 public:
  MomentAccumulator(std::int64_t neurons, const ProbeOptions& options, std::uint64_t seed) {
    if (neurons <= options.exact_width) {
      sum_ = torch::zeros({neurons, neurons});
    } else {
      sketch_ = std::make_unique<ResponseSketch>(options.sketch_rows, neurons, seed);
    }
  }

  void add(const torch::Tensor& responses) {
    tokens_ += responses.size(0);
    if (sketch_) {
      sketch_->add(to_matrix(responses));
    } else {
      sum_.addmm_(responses.t(), responses);
    }
  }

  /// down: [d, I], which a sketch is coupled with.
  [[nodiscard]] ResponseMoments finish(const torch::Tensor& down) const {
    if (!sketch_) require_finite();
    if (sketch_) return {.second_moment = {}, .sketch = sketch_->coupling_sketch(to_matrix(down))};
    return {.second_moment = to_matrix(sum_ / static_cast<double>(tokens_)), .sketch = {}};
  }

 private:
  /// A response that is not finite, or too large to square, shows in the diagonal.
  void require_finite() const {
    const torch::Tensor bad = sum_.diagonal().isfinite().logical_not().nonzero();
    if (bad.numel() == 0) return;
    const auto neuron = bad[0][0].item<std::int64_t>();
    throw Error(ErrorKind::kNumerical,
                fmt::format("the second moment of neuron {} is {}; the model's weights are damaged, or too large for "
                            "single precision",
                            neuron, sum_[neuron][neuron].item<float>()));
  }

  torch::Tensor sum_;  ///< [I, I]
  std::unique_ptr<ResponseSketch> sketch_;
  std::int64_t tokens_ = 0;
};

}  // namespace

ProbeText sample_probe_text(const CausalLm& model, const ProbeOptions& options, std::uint64_t seed,
                            Progress& progress) {
  const std::int64_t length = std::min(options.sequence_length, model.config().max_position_embeddings);
  const auto sequences = [length](std::int64_t tokens) { return (tokens + length - 1) / length; };
  const std::int64_t training = sequences(options.tokens);
  const std::int64_t held_out = sequences(options.held_out_tokens);
  Rng rng(seed, kTextStream);
  const torch::Tensor ids = sample(model, first_tokens(model.config(), training + held_out, options),
                                   {.tokens = length - 1, .temperature = options.temperature}, rng, progress);
  return {.training = ids.narrow(0, 0, training), .held_out = ids.narrow(0, training, held_out)};
}

std::vector<ResponseMoments> collect_responses(const CausalLm& model, const torch::Tensor& ids,
                                               const ProbeOptions& options, std::uint64_t seed, Progress& progress) {
  const torch::NoGradGuard no_grad;
  const ModelConfig& config = model.config();
  std::vector<MomentAccumulator> accumulators;
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    accumulators.emplace_back(config.intermediate_size, options, seed + static_cast<std::uint64_t>(layer));
  }
  const auto in_layer = [](auto layer, const auto& action) { return located(fmt::format("layer {}", layer), action); };
  const FfnHook record = [&](const FfnActivations& at) {
    in_layer(at.layer, [&] { accumulators[static_cast<std::size_t>(at.layer)].add(at.h); });
    return at.h;
  };
  progress.begin("reading responses", "tokens", static_cast<std::uint64_t>(ids.numel()));
  for_each_batch(ids, kTokensPerForward, progress,
                 [&](const torch::Tensor& batch) { (void)model.final_states(batch, record); });
  std::vector<ResponseMoments> moments;
  for (std::size_t layer = 0; layer < accumulators.size(); ++layer) {
    moments.push_back(in_layer(layer, [&] { return accumulators[layer].finish(model.weights().layers[layer].down); }));
  }
  return moments;
}

Probe run_probe(const CausalLm& model, const ProbeOptions& options, std::uint64_t seed, Progress& progress) {
  check(options);
  const ProbeText text = sample_probe_text(model, options, seed, progress);
  return {.training = collect_responses(model, text.training, options, seed, progress),
          .held_out = collect_responses(model, text.held_out, options, seed, progress)};
}

}  // namespace prunenet
