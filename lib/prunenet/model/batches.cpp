#include "prunenet/model/batches.h"

#include <algorithm>

namespace prunenet {

std::vector<torch::Tensor> batches_of(const torch::Tensor& ids, std::int64_t tokens) {
  const std::int64_t rows = std::max<std::int64_t>(1, tokens / ids.size(1));
  std::vector<torch::Tensor> batches;
  for (std::int64_t start = 0; start < ids.size(0); start += rows) {
    batches.push_back(ids.narrow(0, start, std::min(rows, ids.size(0) - start)));
  }
  return batches;
}

void for_each_batch(const torch::Tensor& ids, std::int64_t tokens, Progress& progress,
                    const std::function<void(const torch::Tensor& batch)>& work) {
  for (const torch::Tensor& batch : batches_of(ids, tokens)) {
    work(batch);
    progress.advance(static_cast<std::uint64_t>(batch.numel()));
  }
}

}  // namespace prunenet
