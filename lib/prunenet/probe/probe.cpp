#include "prunenet/probe/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/model/batches.h"
#include "prunenet/spectral/sketch.h"

namespace prunenet {

namespace {

MatrixF to_matrix(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().cpu().contiguous();
  return Eigen::Map<const MatrixF>(values.data_ptr<float>(), values.size(0), values.size(1));
}

/// Sums h and h h^T of one layer, or the latter's sketch, while the probe runs.
class MomentAccumulator {
 public:
  MomentAccumulator(std::int64_t neurons, const ProbeOptions& options, std::uint64_t seed, torch::Device device)
      : first_(torch::zeros({neurons}, torch::dtype(torch::kFloat64).device(device))) {
    if (neurons <= options.exact_width) {
      sum_ = torch::zeros({neurons, neurons}, device);
    } else {
      sketch_ = std::make_unique<ResponseSketch>(options.sketch_rows, neurons, seed);
    }
  }

  void add(const torch::Tensor& responses) {
    tokens_ += responses.size(0);
    first_.add_(responses.sum(0, /*keepdim=*/false, torch::kFloat64));
    if (sketch_) {
      sketch_->add(to_matrix(responses));
    } else {
      sum_.addmm_(responses.t(), responses);
    }
  }

  /// down: [d, I], which a sketch is coupled with. Gives its memory back: nothing can be added any more.
  [[nodiscard]] ResponseMoments finish(const torch::Tensor& down) {
    ResponseMoments moments;
    if (const auto sketch = std::exchange(sketch_, nullptr)) {
      moments.sketch = sketch->coupling_sketch(to_matrix(down));
    } else {
      require_finite();
      moments.second_moment = to_matrix(std::exchange(sum_, {}).div_(static_cast<double>(tokens_)));
    }
    const torch::Tensor mean = first_.div(static_cast<double>(tokens_)).to(torch::kFloat32);
    moments.mean = to_matrix(mean.unsqueeze(0)).row(0).transpose();
    return moments;
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

  torch::Tensor first_;  ///< sum of h, [I]
  torch::Tensor sum_;    ///< of h h^T, [I, I]
  std::unique_ptr<ResponseSketch> sketch_;
  std::int64_t tokens_ = 0;
};

/// Moments of each text, one layer after the other.
void collect(const CausalLm& model, std::span<const torch::Tensor> texts, const ProbeOptions& options,
             std::uint64_t seed, const std::function<void(std::int64_t, std::vector<ResponseMoments>)>& sink,
             Progress& progress) {
  const torch::NoGradGuard no_grad;
  std::vector<TokenBatch> batches;
  std::vector<std::size_t> text_of;  // a batch each
  std::int64_t tokens = 0;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    for (const torch::Tensor& ids : batches_of(texts[text], kTokensPerForward)) {
      batches.push_back(sequence_batch(ids));
      text_of.push_back(text);
    }
    tokens += texts[text].numel();
  }
  std::vector<MomentAccumulator> accumulators;  // a text each, of the layer at hand
  const auto start = [&](std::int64_t layer) {
    accumulators.clear();
    for (std::size_t text = 0; text < texts.size(); ++text) {
      accumulators.emplace_back(model.config().intermediate_size, options, seed + static_cast<std::uint64_t>(layer),
                                model.device());
    }
  };
  const auto in_layer = [](std::int64_t layer, const auto& action) {
    return located(fmt::format("layer {}", layer), action);
  };
  const LayerPass pass{.see =
                           [&](std::size_t batch, const FfnActivations& at) {
                             if (batch == 0) start(at.layer);
                             in_layer(at.layer, [&] { accumulators[text_of[batch]].add(at.h); });
                           },
                       .finish =
                           [&](std::int64_t layer, const DecoderLayerWeights& weights) {
                             std::vector<ResponseMoments> moments;
                             moments.reserve(accumulators.size());
                             for (MomentAccumulator& text : accumulators) {
                               moments.push_back(in_layer(layer, [&] { return text.finish(weights.down); }));
                             }
                             sink(layer, std::move(moments));
                           }};
  progress.begin("reading responses", "tokens", static_cast<std::uint64_t>(tokens));
  (void)model.states_by_layer(batches, pass, progress);
}

}  // namespace

std::vector<ResponseMoments> collect_responses(const CausalLm& model, const torch::Tensor& ids,
                                               const ProbeOptions& options, std::uint64_t seed, Progress& progress) {
  std::vector<ResponseMoments> all;
  const std::array<torch::Tensor, 1> texts{ids};
  collect(
      model, texts, options, seed,
      [&all](std::int64_t /*layer*/, std::vector<ResponseMoments> moments) {
        all.push_back(std::move(moments.front()));
      },
      progress);
  return all;
}

void collect_responses(const CausalLm& model, const ProbeText& text, const ProbeOptions& options, std::uint64_t seed,
                       const MomentsSink& sink, Progress& progress) {
  const std::array<torch::Tensor, 2> texts{text.training, text.held_out};
  collect(
      model, texts, options, seed,
      [&sink](std::int64_t layer, std::vector<ResponseMoments> moments) {
        sink(layer, {.training = std::move(moments[0]), .held_out = std::move(moments[1])});
      },
      progress);
}

}  // namespace prunenet
