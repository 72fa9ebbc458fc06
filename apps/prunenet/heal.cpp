#include "heal.h"

#include <fmt/format.h>

#include "human.h"
#include "prunenet/core/error.h"
#include "prunenet/train/policy_probe.h"

namespace prunenet::cli {

namespace {

bool in_one_shot(const HealArguments& arguments) {
  return arguments.form == to_string(HealForm::kOneShot);
}

/// Those that the policy was trained with, or the defaults, and what the command line says.
ProbeOptions probe_options(const HealArguments& arguments, const std::filesystem::path& policy) {
  ProbeOptions options;
  if (!policy.empty()) options = probe_options_of_policy(policy);
  if (arguments.tokens) options.tokens = *arguments.tokens;
  if (arguments.held_out_tokens) options.held_out_tokens = *arguments.held_out_tokens;
  if (!arguments.start_tokens.empty()) options.start_tokens = arguments.start_tokens;
  return options;
}

}  // namespace

void add_heal_options(VerbOptions& options, HealArguments& arguments) {
  options.add()  //
      ("heal", flag(arguments.heal),
       "refit the down projections to what the dense model answers on text that it samples itself")  //
      ("heal-form", value_of(arguments.form, "F"),
       "sequential (default: each layer is fitted in the model pruned and healed so far) or one-shot (from the moments "
       "of --probe alone: quicker)")  //
      ("heal-correction", value_of(arguments.correction, "A"),
       "share of the distance between the pruned and the dense stream that a layer is asked to make up for, in [0, 1]; "
       "default 1")  //
      ("probe", value_of(arguments.probe, "PROBE"),
       "heal on the text of this file, which 'prunenet probe' made of the model, in place of sampling")  //
      ("heal-tokens", value_of(arguments.tokens, "N"),
       "tokens to sample and fit to; default: as the policy's recipe has them, else 16384")                      //
      ("heal-held-out-tokens", value_of(arguments.held_out_tokens, "N"), "tokens that choose lambda, likewise")  //
      ("start-tokens", value_of(arguments.start_tokens, "ID")->multitoken(),
       "the sampled sequences start with these in turn, likewise");
  options.suggest("heal-form", {"sequential", "one-shot"});
  add_network_options(options, arguments.network);
}

void check_heal_arguments(const HealArguments& arguments, const VerbOptions& options) {
  const auto refuse = [&options](const std::string& why) {
    throw Error(ErrorKind::kInvalidArgument, why + options.see_help());
  };
  const bool samples = arguments.tokens || arguments.held_out_tokens || !arguments.start_tokens.empty();
  if (!arguments.heal) {
    const bool runs = arguments.network.stream || arguments.network.device != NetworkArguments().device;
    if (!arguments.form.empty() || !arguments.probe.empty() || arguments.correction || samples || runs) {
      refuse("--probe, --start-tokens, --stream, --device and what begins with --heal- are for --heal");
    }
    return;
  }
  if (!arguments.form.empty()) {
    located("--heal-form " + arguments.form, [&] { return parse_heal_form(arguments.form); });
  }
  if (in_one_shot(arguments) && arguments.probe.empty()) {
    refuse("--heal-form one-shot needs the moments of a --probe");
  }
  if (in_one_shot(arguments) && arguments.correction) {
    refuse("--heal-form one-shot has no --heal-correction: it never runs the pruned model");
  }
  if (!arguments.probe.empty() && samples) {
    refuse("--probe excludes --heal-tokens, --heal-held-out-tokens and --start-tokens: its text is what is fitted to");
  }
}

HealingOptions healing_options(const HealArguments& arguments, const std::filesystem::path& policy,
                               std::uint64_t seed) {
  HealingOptions options;
  if (!arguments.form.empty()) options.form = parse_heal_form(arguments.form);
  if (arguments.correction) options.fit.correction = *arguments.correction;
  options.probe = arguments.probe;
  if (arguments.probe.empty()) options.text = probe_options(arguments, policy);
  options.seed = seed;
  options.load = load_options(arguments.network);
  return options;
}

std::string summary(const HealingRecord& record) {
  double before = 0.0;
  double after = 0.0;
  for (const HealingRecord::Layer& layer : record.layers) {
    before += layer.held_out_before;
    after += layer.held_out_after;
  }
  const auto layers = static_cast<double>(record.layers.size());
  return fmt::format("{}, on {} tokens; on {} others the mean error of the FFNs goes from {} to {}", record.form,
                     record.tokens, record.held_out_tokens, human_percent(before / layers),
                     human_percent(after / layers));
}

}  // namespace prunenet::cli
