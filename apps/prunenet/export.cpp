#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "human.h"
#include "job.h"
#include "options.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/convert/export_model.h"
#include "prunenet/core/error.h"
#include "prunenet/family/gguf_export.h"
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

  ExportOptions how{.pre = arguments.pre, .force = arguments.force};
  if (!arguments.type.empty()) how.type = parse_gguf_type(arguments.type);

  Job job(options.common());
  const ExportReport report = export_model(arguments.model, arguments.gguf, how, job.progress());
  job.progress().finish();
  std::vector<std::pair<std::string, std::string>> facts{
      {"model", arguments.gguf},
      {"architecture", report.architecture},
      {"type", std::string(gguf_block(report.type).name)},
      {"bytes", human_bytes(std::filesystem::file_size(arguments.gguf))}};
  for (const std::string& loss : report.losses) facts.emplace_back("note", loss);
  print(render_facts(facts));
}

}  // namespace prunenet::cli
