#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/family/family_registry.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/recover/options.h"
#include "prunenet/recover/recovery_trainer.h"
#include "prunenet/train/curve_log.h"

namespace prunenet {

/// Name of the record that a recovered model directory carries.
inline constexpr const char* kRecoveryFile = "recovery.json";

/// What is read, what is written, and how long it may take.
struct RecoveryFiles {
  std::filesystem::path teacher;         ///< the dense model: a directory or a GGUF file
  std::filesystem::path student;         ///< the pruned model: likewise
  std::filesystem::path text;            ///< outside text; empty: none
  std::filesystem::path output;          ///< of the student's kind
  bool force = false;                    ///< replace a model that is there
  std::filesystem::path adapter = {};    ///< where LoRA's factors go in PEFT's format; empty: nowhere
  std::filesystem::path work_directory;  ///< created; removed by the caller once the output is there
  bool resume = false;                   ///< go on from what lies there; otherwise what lies there is replaced
  LoadOptions load = {};                 ///< of teacher and student; not streamed
  double time_limit_seconds = std::numeric_limits<double>::infinity();  ///< of training
  std::string command_line = {};                                        ///< as typed; empty where there was none
  CurveLog log = {};                                                    ///< sees the learning curve grow
};

/// What came of it.
struct RecoveryReport {
  std::vector<RecoveryPoint> curve;
  std::int64_t trained_parameters = 0;
  std::int64_t text_sequences = 0;
  double text_seconds = 0.0;            ///< of loading the teacher, sampling and reading; 0 where that was resumed
  double text_processor_seconds = 0.0;  ///< likewise, of all threads
  nlohmann::json record;                ///< what recovery.json holds
};

/// Throws Error(kMismatch) unless both are of one architecture, vocabulary, depth, hidden size and attention, and no
/// feed-forward block of the student is wider than the teacher's. A student of llama.cpp's architecture deci is a LLaMA
/// whose layers differ in width.
void check_pair(const ModelConfig& teacher, const ModelConfig& student);

/// Teaches the student by the teacher and writes it, the whole of `prunenet recover`: the same tensors and types with
/// other numbers, and a record of what was done (recovery_output.h). The output is complete or absent. Inputs are never
/// changed.
///
/// Where it is interrupted the state after the last step is saved, and `resume` goes on from there: to the same bits
/// with the same options, or with another `learning_rate`, `steps` and other options of the schedule. Those that decide
/// text and trained weights must be the same: else Error(kMismatch). Where the loss becomes NaN, Error(kNumerical)
/// names the step, and the last state that was saved is kept. families: that teacher and student are of.
[[nodiscard]] RecoveryReport recover_student(const RecoverOptions& options, const RecoveryFiles& files,
                                             Progress& progress, const FamilyRegistry& families = built_in_families());

}  // namespace prunenet
