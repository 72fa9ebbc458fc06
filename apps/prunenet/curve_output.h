#pragma once

#include <string>

#include "job.h"
#include "options.h"
#include "prunenet/train/curve_log.h"

namespace prunenet::cli {

/// Where the learning curve of a training goes while it grows, beside the record.
struct CurveArguments {
  std::string tensorboard;  ///< directory of event files; empty: none
};

/// Adds --tensorboard.
void add_curve_options(VerbOptions& options, CurveArguments& arguments);

/// Points go to the log of a verb that is asked for JSON, and into an event file. Throws Error(kIo) where that cannot
/// be made. The job must outlive the log.
[[nodiscard]] CurveLog curve_log(const CurveArguments& arguments, Job& job);

}  // namespace prunenet::cli
