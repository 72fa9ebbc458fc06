#pragma once

#include "prunenet/core/progress.h"
#include "prunenet/recover/options.h"
#include "prunenet/recover/recovery.h"
#include "prunenet/recover/student_weights.h"
#include "prunenet/train/training_model.h"

namespace prunenet {

/// Metadata key of what a recovered GGUF file says of itself: the record as JSON.
inline constexpr const char* kGgufRecoveryKey = "prunenet.recovery";

/// Throws where the output cannot be of the student's kind, or would be in the way of what is read or already there.
void check_recovery_output(const RecoveryFiles& files);

/// Writes the student with its trained weights, as the kind of checkpoint that it was, and fills in `report.record`.
///  - A model directory: the same weight files, tensors, types and order, config and companions copied, a section of
///    README.md, recovery.json.
///  - A GGUF file: all metadata but the record of its pruning, which goes into the record of its recovery; trained
///    tensors quantised again, in their type where that is written here and otherwise in Q8_0.
/// Complete or absent. Throws Error(kNumerical) naming a tensor whose new numbers do not fit its type, and what the
/// writers throw.
void write_recovered(const RecoverOptions& options, const RecoveryFiles& files, const TrainingModel& teacher,
                     const TrainingModel& student, const StudentWeights& weights, const FamilyRegistry& families,
                     RecoveryReport& report, Progress& progress);

}  // namespace prunenet
