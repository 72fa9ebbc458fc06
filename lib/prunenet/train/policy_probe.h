#pragma once

#include <filesystem>

#include "prunenet/probe/options.h"

namespace prunenet {

/// The options of the probe that a policy was trained with, as far as this version knows them: earlier ones had others.
/// The defaults where the file records none, as one of kind "prunenet", which is trained without a probe.
/// Throws what `read_policy_kind` and `load_policy` throw, Error(kInvalidArgument) naming the file and a value outside
/// its range.
[[nodiscard]] ProbeOptions probe_options_of_policy(const std::filesystem::path& policy);

}  // namespace prunenet
