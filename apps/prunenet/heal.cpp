#include "heal.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "human.h"
#include "prunenet/core/available_memory.h"
#include "prunenet/core/error.h"
#include "prunenet/heal/heal.h"
#include "prunenet/heal/one_shot.h"
#include "prunenet/policy/policy.h"
#include "prunenet/policy/policy_kind.h"
#include "prunenet/probe/probe_file.h"
#include "prunenet/train/training_model.h"

namespace prunenet::cli {

namespace {

constexpr const char* kSequential = "sequential";
constexpr const char* kOneShot = "one-shot";

bool in_one_shot(const HealArguments& arguments) {
  return arguments.form == kOneShot;
}

/// What this version knows of the options that a policy records: earlier ones had others.
ProbeOptions recorded_probe_options(nlohmann::json recorded) {
  if (recorded.is_object()) {
    const nlohmann::json known = to_json(ProbeOptions{});
    for (auto option = recorded.begin(); option != recorded.end();) {
      option = known.contains(option.key()) ? std::next(option) : recorded.erase(option);
    }
  }
  return probe_options_from_json(recorded);
}

/// Those that the policy was trained with, or the defaults, and what the command line says.
ProbeOptions probe_options(const HealArguments& arguments, const std::filesystem::path& policy) {
  ProbeOptions options;
  if (!policy.empty() && read_policy_kind(policy) == PolicyKind::kFeatures) {
    const nlohmann::json recipe = load_policy(policy).recipe;
    if (recipe.contains("probe")) {
      options = located(policy.string(), [&] { return recorded_probe_options(recipe.at("probe")); });
    }
  }
  if (arguments.tokens) options.tokens = *arguments.tokens;
  if (arguments.held_out_tokens) options.held_out_tokens = *arguments.held_out_tokens;
  if (!arguments.start_tokens.empty()) options.start_tokens = arguments.start_tokens;
  check(options);
  return options;
}

/// Of this very model.
ProbeFile open_probe(const HealRequest& request) {
  ProbeFile probe = ProbeFile::open(request.arguments.probe);
  const std::string& of = probe.facts().source.model_sha256;
  const std::string digest = open_training_model(request.model).sha256;
  if (of == digest) return probe;
  throw Error(ErrorKind::kMismatch,
              fmt::format("{}: is a probe of another model, '{}' (SHA-256 {}); that of {} is {}",
                          request.arguments.probe, probe.facts().model_name, of, request.model.string(), digest));
}

ProbeText sample_text(const CausalLm& network, const Model& model, const ProbeSource& source, const LoadOptions& load,
                      Progress& progress) {
  announce_probe_text(source.options, model.checkpoint, *model.family, load, progress);
  return sample_probe_text(network, source.options, source.seed, progress);
}

HealingRecord record_of(const HealArguments& arguments, const ProbeSource& source, const HealOptions& options) {
  HealingRecord record;
  record.form = in_one_shot(arguments) ? kOneShot : kSequential;
  record.correction = in_one_shot(arguments) ? 0.0 : options.correction;
  record.tokens = source.options.tokens;
  record.held_out_tokens = source.options.held_out_tokens;
  record.sequence_length = source.options.sequence_length;
  record.start_tokens = source.options.start_tokens;
  record.temperature = source.options.temperature;
  record.seed = source.seed;
  return record;
}

HealingRecord::Layer record_of(const FitQuality& quality) {
  return {quality.lambda, quality.error_before, quality.error_after, quality.held_out_before, quality.held_out_after};
}

std::filesystem::path replacements_in(const OutputDirectory& scratch) {
  return scratch.path() / "downs.safetensors";
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
  options.suggest("heal-form", {kSequential, kOneShot});
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
  if (!arguments.form.empty() && arguments.form != kSequential && arguments.form != kOneShot) {
    refuse(fmt::format("--heal-form {}: there is {} and {}", arguments.form, kSequential, kOneShot));
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

HealedDowns::HealedDowns(const HealRequest& request, const Plan& plan, Progress& progress)
    : downs_(request.prunable.stored_downs(plan)),
      scratch_(resolve_path(request.output).string() + ".healing",
               DownReplacementWriter::bytes(downs_, plan, request.prunable.model().family->config().hidden_size),
               false) {
  const Model& model = request.prunable.model();
  const ModelConfig& config = model.family->config();
  std::optional<ProbeFile> probe;
  if (!request.arguments.probe.empty()) probe = open_probe(request);
  const ProbeSource source = probe ? probe->facts().source
                                   : ProbeSource{.model_sha256 = {},
                                                 .options = probe_options(request.arguments, request.policy),
                                                 .seed = request.seed};
  require_tokens(plan, source.options.tokens);

  HealOptions options;
  if (request.arguments.correction) options.correction = *request.arguments.correction;
  check(options);
  record_ = record_of(request.arguments, source, options);
  DownReplacementWriter writer(replacements_in(scratch_), downs_, plan, config.hidden_size);
  const StoredLayer stored = [&writer](std::int64_t layer, HealedLayer healed) {
    writer.round(static_cast<std::size_t>(layer), healed.down, healed.down_bias);
    return healed;
  };
  const HealSink sink = [&](std::int64_t layer, const HealedLayer& healed) {
    writer.write(static_cast<std::size_t>(layer), healed.down, healed.down_bias);
    record_.layers.push_back(record_of(healed.quality));
  };
  if (in_one_shot(request.arguments)) {
    heal_in_one_shot(model.checkpoint, *model.family, plan, *probe, options, stored, sink, progress);
  } else {
    const LoadOptions load = load_options(request.arguments.network);
    const CausalLm network = CausalLm::load(model.checkpoint, *model.family, progress, load);
    const ProbeText text = probe ? probe->text() : sample_text(network, model, source, load, progress);
    require_memory(healing_bytes(config, plan, text.training.numel() + text.held_out.numel()), available_memory_bytes(),
                   fmt::format("healing on {} tokens", text.training.numel() + text.held_out.numel()),
                   "take fewer with --heal-tokens");
    heal_sequentially(network, plan, text, options, stored, sink, progress);
  }
  writer.finish();
}

void HealedDowns::put_into(PruneOptions& options) const {
  options.replacements = replacements_in(scratch_);
  options.healing = record_;
}

std::string HealedDowns::summary() const {
  double before = 0.0;
  double after = 0.0;
  for (const HealingRecord::Layer& layer : record_.layers) {
    before += layer.held_out_before;
    after += layer.held_out_after;
  }
  const auto layers = static_cast<double>(record_.layers.size());
  return fmt::format("{}, on {} tokens; on {} others the mean error of the FFNs goes from {} to {}", record_.form,
                     record_.tokens, record_.held_out_tokens, human_percent(before / layers),
                     human_percent(after / layers));
}

}  // namespace prunenet::cli
