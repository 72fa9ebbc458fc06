#include "prunenet/core/blas_threads.h"

#include <algorithm>
#include <ctime>

#include "prunenet/core/matrix.h"

extern "C" void openblas_set_num_threads(int threads) __attribute__((weak));

namespace prunenet {

namespace {

/// Seconds that this thread has computed: a busy machine is no slow BLAS.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

void set_blas_threads(int threads) {
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(threads);
}

double measure_gemm_gflops() {
  constexpr Eigen::Index kSize = 512;
  const MatrixF a = MatrixF::Constant(kSize, kSize, 1.0F);
  MatrixF product = MatrixF::Zero(kSize, kSize);
  double best = 0.0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double start = thread_seconds();
    product.noalias() += a * a;
    best = std::max(best, 2.0 * kSize * kSize * kSize / (thread_seconds() - start) * 1e-9);
  }
  return product(0, 0) > 0.0F ? best : 0.0;
}

}  // namespace prunenet
