#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "prunenet/family/model_config.h"

namespace prunenet {

/// Keys and values of the tokens seen so far, for B sequences of one length.
///
/// Memory: 2 * layers * B * K * capacity * head_dim floats, allocated at once, where the model is.
class KvCache {
 public:
  /// Throws Error(kInvalidArgument) where the batch is empty or the capacity is outside [1, max_position_embeddings].
  KvCache(const ModelConfig& config, std::int64_t batch, std::int64_t capacity, torch::Device device = torch::kCPU);

  /// Keys and values of all layers.
  [[nodiscard]] static std::int64_t bytes_of_a_token(const ModelConfig& config) {
    return 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim *
           static_cast<std::int64_t>(sizeof(float));
  }

  [[nodiscard]] std::int64_t batch() const { return batch_; }
  [[nodiscard]] std::int64_t capacity() const { return capacity_; }
  /// Tokens held of each sequence.
  [[nodiscard]] std::int64_t length() const { return length_; }

  /// Puts keys and values [B, K, T, head_dim] behind those held, and returns all: [B, K, length + T, head_dim] each.
  [[nodiscard]] std::pair<torch::Tensor, torch::Tensor> append(std::int64_t layer, const torch::Tensor& keys,
                                                               const torch::Tensor& values);
  /// Every layer has appended these tokens.
  void advance(std::int64_t tokens) { length_ += tokens; }

 private:
  std::int64_t batch_;
  std::int64_t capacity_;
  std::int64_t length_ = 0;
  std::vector<torch::Tensor> keys_;    ///< a layer: [B, K, capacity, head_dim]
  std::vector<torch::Tensor> values_;  ///< a layer: [B, K, capacity, head_dim]
};

}  // namespace prunenet
