#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/checkpoint/dequantize.h"
#include "prunenet/core/progress.h"

namespace prunenet {

/// How a GGUF file is written.
struct ExportOptions {
  std::optional<GgufType> type = {};  ///< of matrices (GgufExport says of which); none: the one that the model has
  std::string pre = {};               ///< llama.cpp's name of the pre-tokenizer, where it is not recognised
  bool force = false;                 ///< replace a file that is there
};

/// What was written.
struct ExportReport {
  std::string architecture;         ///< as llama.cpp calls it
  GgufType type = GgufType::kF32;   ///< of matrices
  std::vector<std::string> losses;  ///< what readers of the file will leave out, in sentences
};

/// Writes a model, a directory or a GGUF file, with its tokenizer as one GGUF file: complete or absent. The tokenizer
/// of a GGUF file goes along as it stands there. Throws Error(kInvalidArgument) where `file` is no name of such a file
/// or is the model itself, Error(kAlreadyExists), and what open_checkpoint, make_family, GgufExport and
/// vocabulary_from_directory throw.
ExportReport export_model(const std::filesystem::path& model, const std::filesystem::path& file,
                          const ExportOptions& options, Progress& progress);

}  // namespace prunenet
