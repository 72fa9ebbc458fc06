#include "prunenet/train/trainer_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/train/adamw_state.h"

namespace prunenet {

namespace {

/// A copy on the CPU.
torch::Tensor on_host(const torch::Tensor& values) {
  return values.detach().to(torch::kCPU, values.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
}

}  // namespace

const std::string& TrainerState::text_of(const std::string& key) const {
  const auto found = text.find(key);
  if (found == text.end()) throw Error(ErrorKind::kMismatch, "the training state has no field '" + key + "'");
  return found->second;
}

nlohmann::json TrainerState::json_of(const std::string& key) const {
  return parse_json(text_of(key), "the training state's field '" + key + "'");
}

const torch::Tensor& TrainerState::tensor_of(const std::string& key, const torch::Tensor& like) const {
  const auto found = tensors.find(key);
  if (found == tensors.end() || found->second.sizes() != like.sizes()) {
    throw Error(ErrorKind::kMismatch, "the training state was written for another network: tensor '" + key +
                                          "' is missing or of another shape; start anew without --resume");
  }
  return found->second;
}

void TrainerState::require_length(const std::string& unit, std::int64_t asked) const {
  const std::string& length = text_of(unit);
  if (length == std::to_string(asked)) return;
  throw Error(ErrorKind::kMismatch, fmt::format("the training state is of a run of {} {}, but {} are asked for; "
                                                "start anew without --resume",
                                                printable(length), unit, asked));
}

void TrainerState::store(const std::string& prefix, const torch::nn::Module& network) {
  for (const auto& parameter : network.named_parameters()) {
    tensors[prefix + parameter.key()] = on_host(parameter.value());
  }
}

void TrainerState::load(const std::string& prefix, torch::nn::Module& network) const {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : network.named_parameters()) {
    parameter.value().copy_(tensor_of(prefix + parameter.key(), parameter.value()));
  }
}

void TrainerState::store_moments(const torch::nn::Module& network, torch::optim::AdamW& optimizer) {
  for (const auto& parameter : network.named_parameters()) {
    const AdamwMoments moments = read_moments(optimizer, parameter.value());
    tensors["moment1." + parameter.key()] = on_host(moments.first);
    tensors["moment2." + parameter.key()] = on_host(moments.second);
  }
}

void TrainerState::load_moments(const torch::nn::Module& network, torch::optim::AdamW& optimizer,
                                std::int64_t steps) const {
  for (const auto& parameter : network.named_parameters()) {
    write_moments(optimizer, parameter.value(),
                  {.first = tensor_of("moment1." + parameter.key(), parameter.value()),
                   .second = tensor_of("moment2." + parameter.key(), parameter.value()),
                   .steps = steps});
  }
}

ConfigFields state_fields(const nlohmann::json& object) {
  if (!object.is_object()) reject("the training state", printable_json(object) + " is not an object");
  return {object, "the training state"};
}

bool is_finite(const torch::nn::Module& network) {
  const std::vector<torch::Tensor> parameters = network.parameters();
  return std::ranges::all_of(parameters,
                             [](const auto& values) { return values.isfinite().all().template item<bool>(); });
}

void copy_parameters(const torch::nn::Module& from, torch::nn::Module& to) {
  const torch::NoGradGuard no_grad;
  const auto source = from.named_parameters();
  for (auto& parameter : to.named_parameters()) parameter.value().copy_(source[parameter.key()]);
}

}  // namespace prunenet
