#include "prunenet/convert/import_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/error.h"
#include "prunenet/core/named_values.h"
#include "prunenet/family/family.h"
#include "prunenet/family/gguf_import.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/model_files.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

namespace {

/// Room for tokenizer files and configs beside the weights.
constexpr std::uint64_t kSmallFiles = 64ULL << 20U;

constexpr std::array<Dtype, 3> kImportDtypes = {Dtype::kF32, Dtype::kBF16, Dtype::kF16};

/// What a model directory is made of: config, weights, and what goes along with them. Pickled weights stay behind.
std::vector<CompanionFile> files_of(const Checkpoint& checkpoint) {
  std::vector<CompanionFile> files = companion_files(checkpoint.directory());
  std::vector<std::string> names = checkpoint.shards();
  names.insert(names.end(), {kConfigFile, kIndexFile, kCardFile, kRecordFile});
  for (const std::string& name : names) {
    const std::filesystem::path path = checkpoint.directory() / name;
    if (std::filesystem::is_regular_file(path)) files.push_back({name, std::filesystem::file_size(path)});
  }
  return files;
}

std::uint64_t bytes_of(const std::vector<CompanionFile>& files) {
  std::uint64_t bytes = 0;
  for (const CompanionFile& file : files) bytes += file.bytes;
  return bytes;
}

void copy_files(const std::filesystem::path& from, const std::vector<CompanionFile>& files,
                const std::filesystem::path& to, Progress& progress) {
  progress.begin("copying", "bytes", bytes_of(files));
  for (const CompanionFile& file : files) {
    copy_companions(from, to, {file});
    progress.advance(file.bytes);
  }
}

/// What came out is opened as any verb would open it before it is put in place.
void check_and_commit(OutputDirectory& output) {
  static_cast<void>(make_family(open_checkpoint(output.path())));
  static_cast<void>(load_tokenizer(output.path()));
  output.commit();
}

void import_gguf(const std::filesystem::path& source, const std::filesystem::path& directory,
                 const ImportOptions& options, Progress& progress) {
  const Checkpoint gguf = open_gguf_checkpoint(source);
  if (!make_family(gguf)->config().layer_widths.empty()) {
    throw Error(
        ErrorKind::kUnsupported,
        fmt::format("{}: layers differ in width, which no model directory of transformers can hold; use the GGUF "
                    "file itself",
                    source.string()));
  }
  OutputDirectory output(directory, imported_bytes(gguf, options.dtype) + kSmallFiles, options.force);
  write_tokenizer_files(vocabulary_from_gguf(GgufFile::open(source)), output.path());
  import_weights(gguf, output.path(), options.dtype, progress);
  check_and_commit(output);
}

void import_directory(const std::filesystem::path& source, const std::filesystem::path& directory, bool force,
                      Progress& progress) {
  const Checkpoint checkpoint = open_checkpoint(source);
  static_cast<void>(make_family(checkpoint));
  static_cast<void>(load_tokenizer(source));
  const std::vector<CompanionFile> files = files_of(checkpoint);
  OutputDirectory output(directory, bytes_of(files), force);
  copy_files(source, files, output.path(), progress);
  check_and_commit(output);
}

}  // namespace

std::vector<std::string> import_dtype_names() {
  std::vector<std::string> names;
  names.reserve(kImportDtypes.size());
  for (const Dtype dtype : kImportDtypes) names.emplace_back(torch_name(dtype));
  return names;
}

Dtype parse_import_dtype(std::string_view name) {
  const auto* const found = std::ranges::find(kImportDtypes, name, torch_name);
  if (found != kImportDtypes.end()) return *found;
  refuse_name("type of weights", name, import_dtype_names());
}

void import_model(const std::filesystem::path& source, const std::filesystem::path& output,
                  const ImportOptions& options, Progress& progress) {
  check_apart(source, output);
  if (std::filesystem::is_directory(source)) {
    import_directory(source, output, options.force, progress);
  } else {
    import_gguf(source, output, options, progress);
  }
}

}  // namespace prunenet
