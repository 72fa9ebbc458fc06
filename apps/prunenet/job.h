#pragma once

#include <string>

#include "options.h"
#include "terminal_progress.h"

namespace prunenet::cli {

/// What a verb that computes starts with: threads, log and progress on standard error.
class Job {
 public:
  /// Sets the thread counts of libtorch and BLAS, and warns where matrix products are slow.
  explicit Job(const CommonOptions& options);

  [[nodiscard]] TerminalProgress& progress() { return progress_; }

 private:
  TerminalProgress progress_;
};

}  // namespace prunenet::cli
