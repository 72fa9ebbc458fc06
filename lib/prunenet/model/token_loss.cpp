#include "prunenet/model/token_loss.h"

#include <algorithm>

#include "prunenet/model/linear_map.h"

namespace prunenet {

namespace {

constexpr std::int64_t kChunkElements = std::int64_t{8} << 20U;

std::int64_t rows_per_chunk(const torch::Tensor& output_projection) {
  return std::max<std::int64_t>(1, kChunkElements / output_projection.size(0));
}

/// Writes the losses of all rows, and the gradients with respect to `hidden` where that is defined.
void compute(const torch::Tensor& hidden, const LogitRule& rule, const torch::Tensor& targets, torch::Tensor& losses,
             torch::Tensor& gradients) {
  const std::int64_t rows = hidden.size(0);
  const std::int64_t chunk = rows_per_chunk(rule.projection);
  for (std::int64_t start = 0; start < rows; start += chunk) {
    const std::int64_t count = std::min(chunk, rows - start);
    const torch::Tensor target = targets.narrow(0, start, count).unsqueeze(1);
    torch::Tensor log_p = logits_of(hidden.narrow(0, start, count), rule);
    // d (c tanh(z / c)) / dz = 1 - (c tanh(z / c) / c)^2
    torch::Tensor slope;
    if (gradients.defined() && rule.softcap > 0.0) slope = 1.0 - (log_p / rule.softcap).square();
    at::_log_softmax_out(log_p, log_p, -1, false);
    losses.narrow(0, start, count).copy_(log_p.gather(1, target).squeeze(1).neg());
    if (!gradients.defined()) continue;
    log_p.exp_().scatter_add_(1, target, torch::full_like(target, -1.0, log_p.options()));
    if (slope.defined()) log_p.mul_(slope);
    torch::Tensor gradient = gradients.narrow(0, start, count);
    at::mm_out(gradient, log_p, rule.projection);
    if (rule.divisor != 1.0) gradient.div_(rule.divisor);
  }
}

struct TokenLoss : public torch::autograd::Function<TokenLoss> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& hidden,
                               const LogitRule& rule, const torch::Tensor& targets) {
    torch::Tensor losses = torch::empty({hidden.size(0)}, hidden.options());
    torch::Tensor gradients = torch::empty_like(hidden);
    compute(hidden, rule, targets, losses, gradients);
    context->save_for_backward({gradients});
    return losses;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& outer) {
    const torch::Tensor gradients = context->get_saved_variables()[0];
    return {gradients * outer[0].unsqueeze(1), torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor logits_of(const torch::Tensor& hidden, const LogitRule& rule) {
  torch::Tensor logits = linear_map(hidden, rule.projection);
  if (rule.divisor != 1.0) logits = logits / rule.divisor;
  if (rule.bias.defined()) logits = logits + rule.bias;
  return rule.softcap > 0.0 ? (logits / rule.softcap).tanh() * rule.softcap : logits;
}

torch::Tensor token_loss(const torch::Tensor& hidden, const LogitRule& rule, const torch::Tensor& targets) {
  if (at::GradMode::is_enabled() && hidden.requires_grad()) return TokenLoss::apply(hidden, rule, targets);
  const torch::NoGradGuard no_grad;
  torch::Tensor losses = torch::empty({hidden.size(0)}, hidden.options());
  torch::Tensor no_gradients;
  compute(hidden, rule, targets, losses, no_gradients);
  return losses;
}

}  // namespace prunenet
