#include "prunenet/probe/probe.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/model/layer_pass.h"
#include "prunenet/model/matrix_tensor.h"

namespace prunenet {

namespace {

/// Sums h and h h^T of one layer while the probe runs.
class MomentAccumulator {
 public:
  MomentAccumulator(std::int64_t neurons, torch::Device device)
      : first_(torch::zeros({neurons}, torch::dtype(torch::kFloat64).device(device))),
        second_(torch::zeros({neurons, neurons}, device)) {}

  void add(const torch::Tensor& responses) {
    tokens_ += responses.size(0);
    first_.add_(responses.sum(0, /*keepdim=*/false, torch::kFloat64));
    second_.addmm_(responses.t(), responses);
  }

  /// Gives its memory back: nothing can be added any more.
  [[nodiscard]] ResponseMoments finish(bool exact) {
    require_finite();
    const auto tokens = static_cast<double>(tokens_);
    const torch::Tensor second = std::exchange(second_, {}).div_(tokens);
    ResponseMoments moments{.mean = vector_of(first_.div(tokens).to(torch::kFloat32))};
    if (exact) {
      moments.second_moment = matrix_of(second);
    } else {
      moments.packed = {vector_of(second.diagonal()), [&second](Eigen::Index first, Eigen::Index count) {
                          return matrix_of(second.narrow(0, first, count).narrow(1, 0, first + count));
                        }};
    }
    return moments;
  }

 private:
  /// A response that is not finite, or too large to square, shows in the diagonal.
  void require_finite() const {
    const torch::Tensor bad = second_.diagonal().isfinite().logical_not().nonzero();
    if (bad.numel() == 0) return;
    const auto neuron = bad[0][0].item<std::int64_t>();
    throw Error(ErrorKind::kNumerical,
                fmt::format("the second moment of neuron {} is {}; the model's weights are damaged, or too large for "
                            "single precision",
                            neuron, second_[neuron][neuron].item<float>()));
  }

  torch::Tensor first_;   ///< sum of h, [I]
  torch::Tensor second_;  ///< sum of h h^T, [I, I]
  std::int64_t tokens_ = 0;
};

/// Moments of each text, one layer after the other.
void collect(const CausalLm& model, std::span<const torch::Tensor> texts, const ProbeOptions& options,
             const std::function<void(std::int64_t, std::vector<ResponseMoments>)>& sink, Progress& progress) {
  const torch::NoGradGuard no_grad;
  const TextBatches all = batches_of_texts(texts);
  std::vector<MomentAccumulator> accumulators;  // a text each, of the layer at hand
  const std::int64_t neurons = model.config().intermediate_size;
  const auto start = [&] {
    accumulators.clear();
    for (std::size_t text = 0; text < texts.size(); ++text) accumulators.emplace_back(neurons, model.device());
  };
  const auto in_layer = [](std::int64_t layer, const auto& action) {
    return located(fmt::format("layer {}", layer), action);
  };
  const LayerPass pass{
      .see =
          [&](std::size_t batch, const FfnActivations& at) {
            if (batch == 0) start();
            in_layer(at.layer, [&] { accumulators[all.text_of[batch]].add(at.h); });
          },
      .finish =
          [&](std::int64_t layer, const DecoderLayerWeights& /*weights*/) {
            std::vector<ResponseMoments> moments;
            moments.reserve(accumulators.size());
            for (MomentAccumulator& text : accumulators) {
              moments.push_back(in_layer(layer, [&] { return text.finish(neurons <= options.exact_width); }));
            }
            sink(layer, std::move(moments));
          }};
  progress.begin("reading responses", "tokens", static_cast<std::uint64_t>(all.tokens));
  (void)model.states_by_layer(all.batches, pass, progress);
}

}  // namespace

std::vector<ResponseMoments> collect_responses(const CausalLm& model, const torch::Tensor& ids,
                                               const ProbeOptions& options, Progress& progress) {
  std::vector<ResponseMoments> all;
  const std::array<torch::Tensor, 1> texts{ids};
  collect(
      model, texts, options,
      [&all](std::int64_t /*layer*/, std::vector<ResponseMoments> moments) {
        all.push_back(std::move(moments.front()));
      },
      progress);
  return all;
}

void collect_responses(const CausalLm& model, const ProbeText& text, const ProbeOptions& options,
                       const MomentsSink& sink, Progress& progress) {
  const std::array<torch::Tensor, 2> texts{text.training, text.held_out};
  collect(
      model, texts, options,
      [&sink](std::int64_t layer, std::vector<ResponseMoments> moments) {
        sink(layer, {.training = std::move(moments[0]), .held_out = std::move(moments[1])});
      },
      progress);
}

}  // namespace prunenet
