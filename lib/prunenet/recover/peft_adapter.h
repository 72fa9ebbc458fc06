#pragma once

#include <filesystem>
#include <string>

#include "prunenet/family/family.h"
#include "prunenet/recover/options.h"
#include "prunenet/recover/student_weights.h"

namespace prunenet {

/// Writes LoRA's factors as Hugging Face PEFT stores them: adapter_config.json and adapter_model.safetensors, with
/// tensors `base_model.model.MODULE.lora_A.weight` [rank, inputs] and `.lora_B.weight` [outputs, rank], F32
/// (https://huggingface.co/docs/peft/developer_guides/checkpoint). The directory is complete or absent.
///
/// PEFT adapts modules, so projections that share one become one adapter of it: A is theirs one under the other, B has
/// each one's columns in the rows where the module has its outputs, and rank and alpha are n times as large (with
/// `rank_pattern` and `alpha_pattern`), which leaves their quotient as it is.
///
/// Throws Error(kInvalidArgument) where weights were trained in full and there are no factors, and what OutputDirectory
/// throws.
void write_peft_adapter(const Family& family, const StudentWeights& weights, const RecoverOptions& options,
                        const std::string& base_model, const std::filesystem::path& directory);

}  // namespace prunenet
