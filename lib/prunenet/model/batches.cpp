#include "prunenet/model/batches.h"

#include <algorithm>

namespace prunenet {

void for_each_batch(const torch::Tensor& ids, std::int64_t tokens, Progress& progress,
                    const std::function<void(const torch::Tensor& batch)>& work) {
  const std::int64_t rows = std::max<std::int64_t>(1, tokens / ids.size(1));
  for (std::int64_t start = 0; start < ids.size(0); start += rows) {
    const torch::Tensor batch = ids.narrow(0, start, std::min(rows, ids.size(0) - start));
    work(batch);
    progress.advance(static_cast<std::uint64_t>(batch.numel()));
  }
}

}  // namespace prunenet
