#include "prunenet/convert/export_model.h"

#include <fmt/format.h>

#include "prunenet/checkpoint/gguf_copy.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/base_name.h"
#include "prunenet/core/error.h"
#include "prunenet/family/family.h"
#include "prunenet/family/gguf_export.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"

namespace prunenet {

namespace {

/// The tokenizer of a model directory, or that of a GGUF file as it stands there.
GgufPairs vocabulary_of(const std::filesystem::path& model, std::int64_t rows, const std::string& pre) {
  if (!is_gguf_path(model)) return to_gguf(vocabulary_from_directory(model, rows, pre));
  return copy_metadata(GgufFile::open(model),
                       [](const std::string& key) { return key.starts_with("tokenizer.") ? key : std::string(); });
}

std::string name_of(const std::filesystem::path& model) {
  return is_gguf_path(model) ? model.stem().string() : base_name(model);
}

}  // namespace

ExportReport export_model(const std::filesystem::path& model, const std::filesystem::path& file,
                          const ExportOptions& options, Progress& progress) {
  if (!is_gguf_path(file)) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{}: the name of a GGUF file ends in .gguf", file.string()));
  }
  check_output_file(model, file, options.force);
  const Checkpoint checkpoint = open_checkpoint(model);
  const auto family = make_family(checkpoint);
  const GgufType type = options.type ? *options.type : native_gguf_type(checkpoint, *family);
  const GgufExport exported(checkpoint, *family, type);
  exported.write(file, name_of(model), vocabulary_of(model, family->config().vocab_size, options.pre), progress);
  return {GgufFile::open(file).text("general.architecture"), type, exported.losses()};
}

}  // namespace prunenet
