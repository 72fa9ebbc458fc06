#include "prunenet/core/blas_threads.h"

#include <chrono>

#include "prunenet/core/matrix.h"

extern "C" void openblas_set_num_threads(int threads) __attribute__((weak));

namespace prunenet {

void set_blas_threads(int threads) {
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(threads);
}

double measure_gemm_gflops() {
  constexpr Eigen::Index kSize = 512;
  const MatrixF a = MatrixF::Constant(kSize, kSize, 1.0F);
  MatrixF product = MatrixF::Zero(kSize, kSize);
  double best = 0.0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    product.noalias() += a * a;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2.0 * kSize * kSize * kSize / seconds.count() * 1e-9);
  }
  return product(0, 0) > 0.0F ? best : 0.0;
}

}  // namespace prunenet
