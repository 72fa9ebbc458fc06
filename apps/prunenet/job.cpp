#include "job.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>

#include "prunenet/core/blas_threads.h"
#include "prunenet/model/runtime.h"

namespace prunenet::cli {

namespace {

/// An optimised BLAS gives ten times this on one core; the reference BLAS a fifth of it.
constexpr double kSlowGemmGflops = 5.0;

std::shared_ptr<spdlog::logger> make_logger(bool json) {
  auto logger = std::make_shared<spdlog::logger>("prunenet", std::make_shared<spdlog::sinks::stderr_color_sink_st>());
  logger->set_pattern(json ? "%v" : "%H:%M:%S %^%l%$ %v");
  return logger;
}

}  // namespace

Job::Job(const CommonOptions& options) : progress_(make_logger(options.log_json), options.quiet, options.log_json) {
  set_threads(options.threads);
  const double gflops = measure_gemm_gflops();
  if (gflops < kSlowGemmGflops) {
    progress_.warn(
        fmt::format("matrix products run at {:.1f} GFlop/s only: this is a reference BLAS; install an optimised one "
                    "(Debian: libopenblas0-pthread)",
                    gflops));
  }
}

}  // namespace prunenet::cli
