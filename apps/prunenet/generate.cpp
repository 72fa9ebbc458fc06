#include <cstdint>
#include <string>

#include "job.h"
#include "model.h"
#include "network.h"
#include "options.h"
#include "print.h"
#include "prunenet/eval/generate.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/model/sample.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

struct GenerateArguments {
  std::string model;
  std::string prompt;
  SampleOptions sample{.stop_at_eos = true};
  NetworkArguments network;
};

VerbOptions make_options(GenerateArguments& arguments) {
  VerbOptions options(
      {.verb = "generate",
       .synopsis = "--model DIR --prompt TEXT [options]",
       .summary = "Continues a prompt, and prints both. The prompt is taken as it is: no chat template.",
       .example = "prunenet generate --model smollm2 --prompt 'The capital of France is' --tokens 20 "
                  "--temperature 0",
       .details = ""});
  options.add()                                                                                               //
      ("model", value_of(arguments.model, "DIR"), "model directory")                                          //
      ("prompt", value_of(arguments.prompt, "TEXT"), "text to continue; none: a text from its beginning")     //
      ("tokens", default_of(arguments.sample.tokens, "N"), "most tokens to add; an end token stops earlier")  //
      ("temperature", default_of(arguments.sample.temperature, "T"), "of sampling; 0 takes the likeliest token");
  add_network_options(options, arguments.network);
  return options;
}

}  // namespace

void run_generate(const Arguments& words) {
  GenerateArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.model, "model");

  const LoadOptions load = load_options(arguments.network);
  Job job(options.common());
  const Model model = open_model(arguments.model);
  const auto tokenizer = load_tokenizer(arguments.model);
  if (load.stream) {
    say_what_sampling_reads(model.checkpoint, *model.family, arguments.sample.tokens, job.progress());
  }
  const CausalLm network = CausalLm::load(model.checkpoint, *model.family, job.progress(), load);
  const std::string text = generate_text(network, *tokenizer, arguments.prompt, arguments.sample,
                                         static_cast<std::uint64_t>(options.common().seed.value_or(0)), job.progress());
  job.progress().finish();
  print(text + "\n");
}

}  // namespace prunenet::cli
