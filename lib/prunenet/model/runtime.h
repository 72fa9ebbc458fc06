#pragma once

namespace prunenet {

/// Threads of libtorch's own kernels and of the BLAS behind them. libtorch may start with one thread, so every program
/// calls this once. Throws Error(kInvalidArgument) outside [1, 1024].
void set_threads(int threads);

}  // namespace prunenet
