#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "human.h"
#include "job.h"
#include "model.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/convert/import_model.h"
#include "prunenet/core/error.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

struct ImportArguments {
  std::string source;
  std::string out;
  std::string dtype = "float32";
  bool force = false;
};

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
       fmt::format("of a GGUF file's weights: {}", fmt::join(import_dtype_names(), ", ")).c_str())  //
      ("force", flag(arguments.force), "replace an existing model directory");
  options.positional("source");
  options.suggest("dtype", import_dtype_names());
  return options;
}

}  // namespace

void run_import(const Arguments& words) {
  ImportArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.source, "source");
  options.require(arguments.out, "out");
  const ImportOptions how{
      .dtype = located("--dtype " + arguments.dtype, [&] { return parse_import_dtype(arguments.dtype); }),
      .force = arguments.force};
  check_new_directory(arguments.out, arguments.force);

  Job job(options.common());
  import_model(arguments.source, arguments.out, how, job.progress());
  job.progress().finish();
  const Model model = open_model(arguments.out);
  print(render_facts({{"model", arguments.out},
                      {"architecture", model.family->config().architecture},
                      {"parameters", human_count(static_cast<double>(model.checkpoint.parameters()))},
                      {"bytes", human_bytes(weight_bytes(model.checkpoint))}}));
}

}  // namespace prunenet::cli
