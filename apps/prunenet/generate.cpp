#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "job.h"
#include "model.h"
#include "network.h"
#include "options.h"
#include "print.h"
#include "prunenet/core/error.h"
#include "prunenet/core/rng.h"
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

/// [1, P]: the tokenizer's own prefix, then the prompt; whatever starts a text where that is nothing.
torch::Tensor encode_prompt(const Tokenizer& tokenizer, const ModelConfig& config, const std::string& prompt) {
  std::vector<std::int64_t> ids;
  for (const TokenId id : tokenizer.default_prefix()) ids.push_back(id);
  for (const TokenId id : tokenizer.encode(prompt)) ids.push_back(id);
  if (ids.empty()) return start_prompts(config, 1);
  return torch::tensor(ids, torch::kInt64).unsqueeze(0);
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
  Rng rng(static_cast<std::uint64_t>(options.common().seed.value_or(0)));
  const torch::Tensor prompt = encode_prompt(*tokenizer, network.config(), arguments.prompt);
  const torch::Tensor ids = sample(network, prompt, arguments.sample, rng, job.progress())[0].to(torch::kInt32);
  job.progress().finish();
  const std::span<const TokenId> tokens(ids.data_ptr<TokenId>(), static_cast<std::size_t>(ids.numel()));
  print(tokenizer->decode(tokens, /*skip_special=*/true) + "\n");
}

}  // namespace prunenet::cli
