#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/core/dtype.h"
#include "prunenet/core/progress.h"

namespace prunenet {

/// How a model directory is made.
struct ImportOptions {
  Dtype dtype = Dtype::kF32;  ///< of a GGUF file's weights; those of a directory stay as they are
  bool force = false;         ///< replace a model directory that is there
};

/// Types of weights that a model can be imported with: "float32", "bfloat16", "float16".
[[nodiscard]] std::vector<std::string> import_dtype_names();

/// One of `import_dtype_names`. Throws Error(kInvalidArgument) naming them.
[[nodiscard]] Dtype parse_import_dtype(std::string_view name);

/// Makes a model directory of a GGUF file: weights dequantised, under the names and with the tokenizer files that
/// transformers reads. Of a directory: a copy, checked, without what belongs to no model. What came out is opened as
/// any verb would open it before it is put in place; the directory is complete or absent. The source is never changed.
///
/// Throws Error(kInvalidArgument) where one lies in the other, Error(kUnsupported) for a GGUF file whose layers differ
/// in width, and what open_checkpoint, make_family, load_tokenizer, vocabulary_from_gguf and OutputDirectory throw.
void import_model(const std::filesystem::path& source, const std::filesystem::path& output,
                  const ImportOptions& options, Progress& progress);

}  // namespace prunenet
