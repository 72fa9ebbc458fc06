#include "prunenet/model/runtime.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "prunenet/core/blas_threads.h"
#include "prunenet/core/error.h"

namespace prunenet {

void set_threads(int threads) {
  constexpr int kMaxThreads = 1024;
  if (threads < 1 || threads > kMaxThreads) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} threads asked for; between 1 and {} can be", threads, kMaxThreads));
  }
  at::set_num_threads(threads);
  set_blas_threads(threads);
}

}  // namespace prunenet
