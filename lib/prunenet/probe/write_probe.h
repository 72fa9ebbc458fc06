#pragma once

#include <filesystem>
#include <string>

#include "prunenet/core/progress.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/probe/probe_file.h"

namespace prunenet {

/// Probes a model into a file; no more than one layer's moments are in memory, and the loss metrics of all layers where
/// they are asked for. `watch` runs since the work began, which
/// may be when the model was loaded. Throws Error(kInvalidArgument) for bad options, and what `sample`,
/// `collect_responses`, `loss_metrics` and ProbeWriter throw; the file is then not there.
void write_probe(const std::filesystem::path& path, const CausalLm& model, const ProbeSource& source,
                 const std::string& model_name, const Stopwatch& watch, Progress& progress);

}  // namespace prunenet
