#include "prunenet/probe/loss_metric.h"

#include <fmt/format.h>

#include <algorithm>

#include "prunenet/core/error.h"
#include "prunenet/model/batches.h"
#include "prunenet/model/matrix_tensor.h"

namespace prunenet {

namespace {

/// Tokens whose activations, kept for the backward pass, take about 1 GiB: some copies of the stream, of the FFN's
/// width, and of a row of attention weights a head.
std::int64_t tokens_per_backward(const ModelConfig& config, std::int64_t length) {
  constexpr std::int64_t kBytes = std::int64_t{1} << 30U;
  const std::int64_t numbers =
      12 * config.hidden_size + 5 * config.intermediate_size + 3 * config.num_attention_heads * length;
  const auto bytes = static_cast<std::int64_t>(sizeof(float)) * config.num_hidden_layers * numbers;
  return std::max<std::int64_t>(1, kBytes / bytes);
}

/// Rows of [B * T, d], those of first positions left out.
torch::Tensor without_first(const torch::Tensor& rows, std::int64_t sequences) {
  return rows.view({sequences, -1, rows.size(1)}).narrow(1, 1, rows.size(0) / sequences - 1).flatten(0, 1);
}

}  // namespace

void require_backward_pass(const CausalLm& model) {
  if (!model.streams()) return;
  throw Error(
      ErrorKind::kInvalidArgument,
      "probe.loss_metric needs a backward pass, which takes all layers in memory at once; leave out --stream, or "
      "probe.loss_metric");
}

std::vector<MatrixF> loss_metrics(const CausalLm& model, const torch::Tensor& ids, Progress& progress) {
  require_backward_pass(model);
  const std::int64_t length = ids.size(1);
  if (length < 3) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("a loss metric of sequences of {} tokens; at least 3 are needed, as the first and the last "
                            "do not count",
                            length));
  }
  const ModelConfig& config = model.config();
  const torch::Tensor zeros = torch::zeros({config.hidden_size, config.hidden_size}, model.device());
  std::vector<torch::Tensor> sums;
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) sums.push_back(zeros.clone());
  progress.begin("reading gradients", "tokens", static_cast<std::uint64_t>(ids.numel()));
  for_each_batch(ids, tokens_per_backward(config, length), progress, [&](const torch::Tensor& batch) {
    const torch::AutoGradMode grad(true);
    const FfnOutputHook hook = [&](std::int64_t layer, const torch::Tensor& y) {
      if (!y.requires_grad()) y.set_requires_grad(true);
      y.register_hook([&sums, layer, sequences = batch.size(0)](const torch::Tensor& gradient) {
        const torch::NoGradGuard no_grad;
        const torch::Tensor rows = without_first(gradient, sequences);
        sums[static_cast<std::size_t>(layer)].addmm_(rows.t(), rows);
      });
    };
    model.token_nll(batch, {}, hook).sum().backward();
  });
  const auto positions = static_cast<double>(ids.size(0) * (length - 2));
  std::vector<MatrixF> metrics;
  for (std::size_t layer = 0; layer < sums.size(); ++layer) {
    metrics.push_back(matrix_of(sums[layer].div_(positions)));
    if (metrics.back().allFinite()) continue;
    throw Error(ErrorKind::kNumerical,
                fmt::format("layer {}: a gradient of the text's likelihood is not finite; the model's weights are "
                            "damaged, or too large for single precision",
                            layer));
  }
  return metrics;
}

}  // namespace prunenet
