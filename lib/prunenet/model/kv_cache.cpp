#include "prunenet/model/kv_cache.h"

#include <fmt/format.h>

#include "prunenet/core/error.h"

namespace prunenet {

KvCache::KvCache(const ModelConfig& config, std::int64_t batch, std::int64_t capacity, torch::Device device)
    : batch_(batch), capacity_(capacity) {
  if (batch < 1 || capacity < 1 || capacity > config.max_position_embeddings) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("a cache of {} sequences of {} tokens was asked for; at least one, and at most the model's "
                            "{} positions, can be",
                            batch, capacity, config.max_position_embeddings));
  }
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    keys_.push_back(torch::empty({batch, config.num_key_value_heads, capacity, config.head_dim}, device));
    values_.push_back(torch::empty_like(keys_.back()));
  }
}

std::pair<torch::Tensor, torch::Tensor> KvCache::append(std::int64_t layer, const torch::Tensor& keys,
                                                        const torch::Tensor& values) {
  const torch::NoGradGuard no_grad;
  const auto index = static_cast<std::size_t>(layer);
  const std::int64_t tokens = keys.size(2);
  keys_.at(index).narrow(2, length_, tokens).copy_(keys);
  values_.at(index).narrow(2, length_, tokens).copy_(values);
  return {keys_.at(index).narrow(2, 0, length_ + tokens), values_.at(index).narrow(2, 0, length_ + tokens)};
}

}  // namespace prunenet
