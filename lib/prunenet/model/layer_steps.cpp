#include "prunenet/model/layer_steps.h"

namespace prunenet {

LayerSteps::LayerSteps(const CausalLm& model, const torch::Tensor& ids) : model_(model) {
  model_.check_ids(ids, 2);
  model_.check_length(ids.size(1));
  ids_ = ids.flatten();
  layout_ = uniform_layout(ids.size(0), ids.size(1), 0);
  positions_ = model_.positions_of(layout_);
}

torch::Tensor LayerSteps::start() const {
  return model_.embed(ids_, positions_);
}

torch::Tensor LayerSteps::layer(std::int64_t layer, const torch::Tensor& hidden, const FfnHook& hook) const {
  const ForwardPass pass{model_.config_, layout_, positions_.angles, positions_.window_angles, nullptr, &hook};
  // Without gradient a layer writes to the stream in place.
  return decoder_layer(pass, layer, model_.layers_->layer(layer), at::GradMode::is_enabled() ? hidden : hidden.clone());
}

torch::Tensor LayerSteps::finish(const torch::Tensor& hidden) const {
  return model_.normalised_states(hidden);
}

}  // namespace prunenet
