#pragma once

namespace prunenet {

/// Threads of the BLAS behind Eigen and libtorch, where it is OpenBLAS; otherwise nothing happens.
void set_blas_threads(int threads);

/// Floating-point rate of a 512 x 512 single-precision matrix product, in GFlop for each second that the calling thread
/// computes: a reference BLAS shows as below 5, whatever else the machine does.
[[nodiscard]] double measure_gemm_gflops();

}  // namespace prunenet
