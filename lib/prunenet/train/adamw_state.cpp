#include "prunenet/train/adamw_state.h"

#include <memory>
#include <sstream>
#include <string>
#include <type_traits>

namespace prunenet {

namespace {

// libtorch keys an optimizer's state by the parameter's address: as text in 1.x, as a pointer in 2.x.
template <typename Key>
Key state_key(const torch::Tensor& parameter) {
  if constexpr (std::is_same_v<Key, std::string>) {
    std::ostringstream text;
    text << parameter.unsafeGetTensorImpl();
    return text.str();
  } else {
    return static_cast<Key>(parameter.unsafeGetTensorImpl());
  }
}

template <typename State>
auto key_for(const State& /*state*/, const torch::Tensor& parameter) {
  return state_key<typename State::key_type>(parameter);
}

}  // namespace

AdamwMoments read_moments(torch::optim::AdamW& optimizer, const torch::Tensor& parameter) {
  const auto& states = optimizer.state();
  const auto found = states.find(key_for(states, parameter));
  if (found == states.end()) return {.first = torch::zeros_like(parameter), .second = torch::zeros_like(parameter)};
  const auto& state = static_cast<const torch::optim::AdamWParamState&>(*found->second);
  return {.first = state.exp_avg(), .second = state.exp_avg_sq(), .steps = state.step()};
}

void write_moments(torch::optim::AdamW& optimizer, const torch::Tensor& parameter, const AdamwMoments& moments) {
  auto& states = optimizer.state();
  auto state = std::make_unique<torch::optim::AdamWParamState>();
  state->step(moments.steps);
  state->exp_avg(moments.first.detach().clone().to(parameter.device()));
  state->exp_avg_sq(moments.second.detach().clone().to(parameter.device()));
  states[key_for(states, parameter)] = std::move(state);
}

}  // namespace prunenet
