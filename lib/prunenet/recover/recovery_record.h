#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "prunenet/recover/options.h"
#include "prunenet/recover/recovery.h"
#include "prunenet/train/training_model.h"

namespace prunenet {

/// What recovery.json holds of a model directory (docs/formats.md), but for digests of its files.
[[nodiscard]] nlohmann::json recovery_record(const RecoverOptions& options, const RecoveryFiles& files,
                                             const TrainingModel& teacher, const TrainingModel& student,
                                             const RecoveryReport& report);

/// The same without `run` and the seconds of the curve, for a GGUF file: the same work gives the same content.
[[nodiscard]] nlohmann::json without_times(nlohmann::json record);

/// As JSON text. Names and command lines may be in any encoding; what is not UTF-8 is replaced.
[[nodiscard]] std::string recovery_record_text(const nlohmann::json& record);

/// The model card: `original` (empty where there was none) with a section of what was done appended.
[[nodiscard]] std::string recovery_card(const std::string& original, const RecoverOptions& options,
                                        const RecoveryReport& report, const TrainingModel& teacher);

}  // namespace prunenet
