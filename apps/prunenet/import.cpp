#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "human.h"
#include "job.h"
#include "model.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/error.h"
#include "prunenet/family/gguf_import.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/model_files.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

/// Room for tokenizer files and configs beside the weights.
constexpr std::uint64_t kSmallFiles = 64ULL << 20U;

struct ImportArguments {
  std::string source;
  std::string out;
  std::string dtype = "float32";
  bool force = false;
};

constexpr std::array kWeightDtypes{Dtype::kF32, Dtype::kBF16, Dtype::kF16};

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (const Dtype dtype : kWeightDtypes) names.emplace_back(torch_name(dtype));
  return names;
}

VerbOptions make_options(ImportArguments& arguments) {
  VerbOptions options({.verb = "import",
                       .synopsis = "FILE.gguf|DIR --out DIR [options]",
                       .summary =
                           "Makes a model directory of a GGUF file, its tokenizer included: dequantised, with the\n"
                           "tensor names and files that transformers reads. A model directory is checked and copied.",
                       .example = "prunenet import SmolLM2-135M-Instruct.Q4_1.gguf --out smollm2",
                       .details = ""});
  options.add()                                                             //
      ("source", value_of(arguments.source, "FILE|DIR"), "what to import")  //
      ("out", value_of(arguments.out, "DIR"), "model directory to write")   //
      ("dtype", default_of(arguments.dtype, "T"),
       fmt::format("of a GGUF file's weights: {}", fmt::join(dtype_names(), ", ")).c_str())  //
      ("force", flag(arguments.force), "replace an existing model directory");
  options.positional("source");
  options.suggest("dtype", dtype_names());
  return options;
}

Dtype parse_weight_dtype(const std::string& name, const VerbOptions& options) {
  const auto* const found = std::ranges::find(kWeightDtypes, name, torch_name);
  if (found != kWeightDtypes.end()) return *found;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("--dtype {} is none of {}{}", name, fmt::join(dtype_names(), ", "), options.see_help()));
}

/// What a model directory is made of: config, weights, and what goes along with them. Pickled weights stay behind.
std::vector<CompanionFile> files_of(const Checkpoint& checkpoint) {
  std::vector<CompanionFile> files = companion_files(checkpoint.directory());
  std::vector<std::string> names = checkpoint.shards();
  names.insert(names.end(), {kConfigFile, kIndexFile, "README.md", kRecordFile});
  for (const std::string& name : names) {
    const std::filesystem::path path = checkpoint.directory() / name;
    if (std::filesystem::is_regular_file(path)) files.push_back({name, std::filesystem::file_size(path)});
  }
  return files;
}

void copy_files(const std::filesystem::path& from, const std::vector<CompanionFile>& files,
                const std::filesystem::path& to, Progress& progress) {
  std::uint64_t total = 0;
  for (const CompanionFile& file : files) total += file.bytes;
  progress.begin("copying", "bytes", total);
  for (const CompanionFile& file : files) {
    std::error_code status;
    std::filesystem::create_directories((to / file.name).parent_path(), status);  // the copy says what is wrong
    copy_file_durably(from / file.name, to / file.name);
    progress.advance(file.bytes);
  }
}

/// What came out is opened as any verb would open it before it is put in place.
void check_and_commit(OutputDirectory& output) {
  static_cast<void>(open_model(output.path()));
  static_cast<void>(load_tokenizer(output.path()));
  output.commit();
}

void import_gguf(const ImportArguments& arguments, Dtype dtype, Progress& progress) {
  const Checkpoint gguf = open_gguf_checkpoint(arguments.source);
  if (!make_family(gguf)->config().layer_widths.empty()) {
    throw Error(
        ErrorKind::kUnsupported,
        fmt::format("{}: layers differ in width, which no model directory of transformers can hold; use the GGUF "
                    "file itself",
                    arguments.source));
  }
  OutputDirectory output(arguments.out, imported_bytes(gguf, dtype) + kSmallFiles, arguments.force);
  write_tokenizer_files(vocabulary_from_gguf(GgufFile::open(arguments.source)), output.path());
  import_weights(gguf, output.path(), dtype, progress);
  check_and_commit(output);
}

void import_directory(const ImportArguments& arguments, Progress& progress) {
  const Model model = open_model(arguments.source);
  static_cast<void>(load_tokenizer(arguments.source));
  const std::vector<CompanionFile> files = files_of(model.checkpoint);
  std::uint64_t bytes = 0;
  for (const CompanionFile& file : files) bytes += file.bytes;
  OutputDirectory output(arguments.out, bytes, arguments.force);
  copy_files(arguments.source, files, output.path(), progress);
  check_and_commit(output);
}

}  // namespace

void run_import(const Arguments& words) {
  ImportArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.source, "source");
  options.require(arguments.out, "out");
  const Dtype dtype = parse_weight_dtype(arguments.dtype, options);
  check_new_directory(arguments.out, arguments.force);
  check_apart(arguments.source, arguments.out);

  Job job(options.common());
  if (std::filesystem::is_directory(arguments.source)) {
    import_directory(arguments, job.progress());
  } else {
    import_gguf(arguments, dtype, job.progress());
  }
  job.progress().finish();
  const Model model = open_model(arguments.out);
  print(render_facts({{"model", arguments.out},
                      {"architecture", model.family->config().architecture},
                      {"parameters", human_count(static_cast<double>(model.checkpoint.parameters()))},
                      {"bytes", human_bytes(weight_bytes(model.checkpoint))}}));
}

}  // namespace prunenet::cli
