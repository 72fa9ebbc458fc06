#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace prunenet::cli {

using Arguments = std::vector<std::string>;

/// One file a verb. Each parses its arguments, calls the library, prints its results; it throws what fails.
void run_import(const Arguments& arguments);
void run_export(const Arguments& arguments);
void run_features(const Arguments& arguments);
void run_probe_verb(const Arguments& arguments);
void run_train(const Arguments& arguments);
void run_refine(const Arguments& arguments);
void run_apply(const Arguments& arguments);
void run_recover(const Arguments& arguments);
void run_verify(const Arguments& arguments);
void run_eval(const Arguments& arguments);
void run_generate(const Arguments& arguments);
void run_inspect(const Arguments& arguments);
void run_compare(const Arguments& arguments);
void run_report(const Arguments& arguments);

struct Verb {
  std::string_view name;
  std::string_view summary;
  void (*run)(const Arguments& arguments);
};

inline constexpr std::array<Verb, 14> kVerbs = {{
    {"import", "make a checked model directory of a GGUF file or another directory", run_import},
    {"export", "write a model as a GGUF file", run_export},
    {"features", "write what a policy sees of each neuron", run_features},
    {"probe", "keep what a model says of itself, to train on", run_probe_verb},
    {"train", "train a policy on one or more models of a family", run_train},
    {"refine", "train a policy further on what pruning does to the whole model", run_refine},
    {"apply", "prune a model by a policy at any ratio", run_apply},
    {"recover", "teach a pruned model by the dense one, on text that it samples", run_recover},
    {"verify", "hold a pruned model to its record and to its input", run_verify},
    {"eval", "measure perplexity, multiple choice, speed and memory", run_eval},
    {"generate", "continue a prompt", run_generate},
    {"compare", "prune by many methods, ratios and seeds, and measure them all", run_compare},
    {"inspect", "show what is in a model directory, a policy, a probe or a plan", run_inspect},
    {"report", "draw records of a comparison on one page", run_report},
}};

}  // namespace prunenet::cli
