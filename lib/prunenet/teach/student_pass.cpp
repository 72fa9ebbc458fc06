#include "prunenet/teach/student_pass.h"

#include <utility>

namespace prunenet {

StudentPass::StudentPass(const CausalLm& model, const torch::Tensor& ids, bool checkpoints, FfnHook hook)
    : steps_(model, ids), hook_(std::move(hook)) {
  const torch::NoGradGuard no_grad;
  torch::Tensor hidden = steps_.start();
  for (std::int64_t layer = 0; layer < model.config().num_hidden_layers; ++layer) {
    Step step = run(layer, hidden);  // records a graph either way, so that both ways compute the same
    hidden = step.output.detach();
    if (checkpoints) step.output = torch::Tensor();
    layers_.push_back(std::move(step));
  }
  last_ = hidden;
  states_ = steps_.finish(hidden);
}

StudentPass::Step StudentPass::run(std::int64_t layer, const torch::Tensor& hidden) const {
  const torch::AutoGradMode with_gradient(true);
  // Nothing before the first layer is trained.
  const torch::Tensor input = hidden.detach().requires_grad_(layer > 0);
  return {input, steps_.layer(layer, input, hook_)};
}

void StudentPass::backward(torch::Tensor gradient) {
  const torch::AutoGradMode with_gradient(true);
  const torch::Tensor last = last_.detach().requires_grad_(true);
  steps_.finish(last).backward(gradient);
  gradient = last.grad();
  for (auto layer = static_cast<std::int64_t>(layers_.size()) - 1; layer >= 0; --layer) {
    Step step = std::move(layers_.back());
    layers_.pop_back();
    if (!step.output.defined()) step = run(layer, step.input);
    if (!step.output.requires_grad()) continue;  // the first layer, where nothing of it is trained
    step.output.backward(gradient);
    gradient = step.input.grad();
  }
}

torch::Tensor student_states(const CausalLm& model, const torch::Tensor& ids) {
  const torch::NoGradGuard no_grad;
  return model.final_states(ids).flatten(0, 1);
}

}  // namespace prunenet
