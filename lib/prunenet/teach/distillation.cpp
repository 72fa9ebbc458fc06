#include "prunenet/teach/distillation.h"

#include <algorithm>

#include "prunenet/model/linear_map.h"

namespace prunenet {

namespace {

/// Logits that are held at once.
constexpr std::int64_t kDistilledElements = std::int64_t{8} << 20U;

/// What rounding leaves of 1 where nothing is left.
constexpr float kNothingLeft = 1e-12F;

/// 1 - sum of the rows, [n, 1]; 0 where all tokens are told apart.
torch::Tensor rest_of(const torch::Tensor& probabilities, std::int64_t vocabulary) {
  if (probabilities.size(1) == vocabulary) return torch::zeros({probabilities.size(0), 1}, probabilities.options());
  return (1.0 - probabilities.sum(1, true)).clamp_min(kNothingLeft);
}

/// One chunk of rows.
class Chunk {
 public:
  Chunk(const torch::Tensor& states, const LogitRule& logits, const DistillationRule& rule)
      : logits_(logits), rule_(rule) {
    const torch::Tensor z = logits_of(states, logits);
    // d (c tanh(z / c)) / dz = 1 - (c tanh(z / c) / c)^2
    if (logits.softcap > 0.0) slope_ = 1.0 - (z / logits.softcap).square();
    log_q_ = torch::log_softmax(rule.temperature == 1.0 ? z : z / rule.temperature, 1);
    // softmax(z) itself is another distribution where the temperature is not 1.
    if (rule.temperature != 1.0 && rule.next_token_weight > 0.0) plain_log_q_ = torch::log_softmax(z, 1);
  }

  /// Adds to `loss`; gives d loss / dz [n, V] where asked for.
  [[nodiscard]] torch::Tensor divergence(const TeacherTokens& teacher, DistillationLoss& loss, bool with_gradient) {
    const std::int64_t vocabulary = log_q_.size(1);
    const torch::Tensor ids = teacher.ids.to(torch::kInt64);
    const torch::Tensor p = teacher.log_probabilities.exp();
    const torch::Tensor log_q = log_q_.gather(1, ids);
    const torch::Tensor p_rest = rest_of(p, vocabulary);
    const torch::Tensor q_rest = rest_of(log_q.exp(), vocabulary);
    torch::Tensor terms = (p * (teacher.log_probabilities - log_q)).sum(1, true);
    if (ids.size(1) < vocabulary) terms = terms + p_rest * (p_rest.log() - q_rest.log());
    loss.divergence += terms.sum(torch::kFloat64).item<double>();
    if (!with_gradient) return {};
    torch::Tensor gradient = log_q_.exp();
    const torch::Tensor of_tokens = gradient.gather(1, ids) - p;
    if (ids.size(1) < vocabulary) gradient.mul_(1.0 - p_rest / q_rest);
    return gradient.scatter_(1, ids, of_tokens).mul_(rule_.temperature);  // tau^2 / tau
  }

  /// Adds the plain next-token loss, and its gradient to `gradient` where that is defined.
  void next_token(const torch::Tensor& next, DistillationLoss& loss, torch::Tensor& gradient) {
    const torch::Tensor counts = next.ge(0).unsqueeze(1).to(log_q_.scalar_type());
    const torch::Tensor target = next.clamp_min(0).unsqueeze(1);
    const torch::Tensor& log_q = plain_log_q_.defined() ? plain_log_q_ : log_q_;
    loss.next_token -= (log_q.gather(1, target) * counts).sum(torch::kFloat64).item<double>();
    if (!gradient.defined()) return;
    const torch::Tensor weight = counts * rule_.next_token_weight;
    gradient.add_(log_q.exp() * weight).scatter_add_(1, target, -weight);
  }

  /// d loss / dz -> d loss / d states
  [[nodiscard]] torch::Tensor to_states(const torch::Tensor& gradient) const {
    if (slope_.defined()) gradient.mul_(slope_);
    const torch::Tensor of_states = linear_map(gradient, logits_.projection.t());
    return logits_.divisor == 1.0 ? of_states : of_states / logits_.divisor;
  }

 private:
  const LogitRule& logits_;
  const DistillationRule& rule_;
  torch::Tensor slope_;
  torch::Tensor log_q_;
  torch::Tensor plain_log_q_;
};

}  // namespace

TeacherTokens teacher_tokens(const torch::Tensor& logits, std::int64_t top, double temperature) {
  const torch::NoGradGuard no_grad;
  const std::int64_t vocabulary = logits.size(1);
  const std::int64_t count = top == 0 ? vocabulary : std::min(top, vocabulary);
  const torch::Tensor scaled = temperature == 1.0 ? logits : logits / temperature;
  const auto [values, ids] = scaled.topk(count, 1);
  return {ids.to(torch::kInt32), values - scaled.logsumexp(1, true)};
}

DistillationLoss distillation_loss(const torch::Tensor& states, const LogitRule& logits, const TeacherTokens& teacher,
                                   const torch::Tensor& next, const DistillationRule& rule, bool with_gradient) {
  const torch::NoGradGuard no_grad;
  const std::int64_t rows = states.size(0);
  const std::int64_t at_once = std::max<std::int64_t>(1, kDistilledElements / logits.projection.size(0));
  DistillationLoss loss;
  if (with_gradient) loss.gradient = torch::empty_like(states);
  for (std::int64_t first = 0; first < rows; first += at_once) {
    const std::int64_t count = std::min(at_once, rows - first);
    Chunk chunk(states.narrow(0, first, count), logits, rule);
    torch::Tensor gradient = chunk.divergence(teacher.rows(first, count).to(states.device()), loss, with_gradient);
    if (rule.next_token_weight > 0.0) {
      chunk.next_token(next.narrow(0, first, count).to(states.device()), loss, gradient);
    }
    if (with_gradient) loss.gradient.narrow(0, first, count).copy_(chunk.to_states(gradient));
  }
  return loss;
}

}  // namespace prunenet
