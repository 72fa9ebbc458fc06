#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <string>

#include "human.h"
#include "job.h"
#include "model.h"
#include "options.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/checkpoint/gguf_copy.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/base_name.h"
#include "prunenet/core/error.h"
#include "prunenet/family/gguf_export.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

struct ExportArguments {
  std::string model;
  std::string gguf;
  std::string type;
  std::string pre;
  bool force = false;
};

VerbOptions make_options(ExportArguments& arguments) {
  VerbOptions options(
      {.verb = "export",
       .synopsis = "--model DIR --gguf FILE.gguf [options]",
       .summary = "Writes a model, tokenizer included, as one GGUF file for llama.cpp and what is built on it.",
       .example = "prunenet export --model smollm2-30 --gguf smollm2-30.gguf --type q8_0",
       .details = ""});
  options.add()                                                                       //
      ("model", value_of(arguments.model, "DIR"), "model directory, or a GGUF file")  //
      ("gguf", value_of(arguments.gguf, "FILE"), "file to write")                     //
      ("type", value_of(arguments.type, "T"),
       fmt::format("of matrices: {}; default: what the model has. Vectors stay f32, rows that do not divide into "
                   "blocks of 32 become f16, and below q8_0 the logits' matrix is q8_0",
                   fmt::join(gguf_type_names(), ", "))
           .c_str())  //
      ("pre", value_of(arguments.pre, "NAME"),
       "llama.cpp's name of the pre-tokenizer, where tokenizer.json has one that is not recognised")  //
      ("force", flag(arguments.force), "replace an existing file");
  options.suggest("type", gguf_type_names());
  return options;
}

/// The tokenizer of a model directory, or that of a GGUF file as it stands there.
GgufPairs vocabulary_of(const ExportArguments& arguments, std::int64_t rows) {
  if (!is_gguf_path(arguments.model)) return to_gguf(vocabulary_from_directory(arguments.model, rows, arguments.pre));
  return copy_metadata(GgufFile::open(arguments.model),
                       [](const std::string& key) { return key.starts_with("tokenizer.") ? key : std::string(); });
}

std::string model_name(const std::filesystem::path& path) {
  return is_gguf_path(path) ? path.stem().string() : base_name(path);
}

}  // namespace

void run_export(const Arguments& words) {
  ExportArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.model, "model");
  options.require(arguments.gguf, "gguf");
  if (!is_gguf_path(arguments.gguf)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("--gguf {}: the name of a GGUF file ends in .gguf", arguments.gguf));
  }
  check_new_file(arguments.gguf, arguments.force);
  check_not_of_model(arguments.gguf, arguments.model);

  Job job(options.common());
  const Model model = open_model(arguments.model);
  const GgufType type =
      arguments.type.empty() ? native_gguf_type(model.checkpoint, *model.family) : parse_gguf_type(arguments.type);
  const GgufExport exported(model.checkpoint, *model.family, type);
  const GgufPairs vocabulary = vocabulary_of(arguments, model.family->config().vocab_size);
  exported.write(arguments.gguf, model_name(arguments.model), vocabulary, job.progress());
  job.progress().finish();
  std::vector<std::pair<std::string, std::string>> facts{
      {"model", arguments.gguf},
      {"architecture", GgufFile::open(arguments.gguf).text("general.architecture")},
      {"type", std::string(gguf_block(type).name)},
      {"bytes", human_bytes(std::filesystem::file_size(arguments.gguf))}};
  for (const std::string& loss : exported.losses()) facts.emplace_back("note", loss);
  print(render_facts(facts));
}

}  // namespace prunenet::cli
