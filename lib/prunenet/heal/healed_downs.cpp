#include "prunenet/heal/healed_downs.h"

#include <fmt/format.h>

#include <optional>

#include "prunenet/core/available_memory.h"
#include "prunenet/core/error.h"
#include "prunenet/core/named_values.h"
#include "prunenet/heal/one_shot.h"
#include "prunenet/probe/probe_file.h"
#include "prunenet/train/training_model.h"

namespace prunenet {

namespace {

constexpr NamedValues<HealForm, 2> kHealForms = {
    {{HealForm::kSequential, "sequential"}, {HealForm::kOneShot, "one-shot"}}};

/// Of this very model.
ProbeFile open_probe_of(const Prunable& model, const std::filesystem::path& path) {
  ProbeFile probe = ProbeFile::open(path);
  const std::string& of = probe.facts().source.model_sha256;
  const std::string digest = weights_sha256(model.checkpoint());
  if (of == digest) return probe;
  throw Error(ErrorKind::kMismatch,
              fmt::format("{}: is a probe of another model, '{}' (SHA-256 {}); that of {} is {}", path.string(),
                          probe.facts().model_name, of, model.path().string(), digest));
}

/// All of a record but its layers.
HealingRecord start_record(const HealingOptions& options, const ProbeSource& source) {
  HealingRecord record;
  record.form = to_string(options.form);
  record.correction = options.form == HealForm::kOneShot ? 0.0 : options.fit.correction;
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

void check(const HealingOptions& options) {
  check(options.fit);
  check(options.text);
  if (options.form == HealForm::kSequential || !options.probe.empty()) return;
  throw Error(ErrorKind::kInvalidArgument, "healing in one shot needs the moments of a probe, and none is given");
}

}  // namespace

std::string_view to_string(HealForm form) {
  return name_of(kHealForms, form);
}

HealForm parse_heal_form(std::string_view name) {
  return value_named(kHealForms, "form of healing", name);
}

HealedDowns::HealedDowns(const Prunable& model, const Plan& plan, const HealingOptions& options,
                         const std::filesystem::path& output, Progress& progress)
    : downs_(model.stored_downs(plan)),
      scratch_(resolve_path(output).string() + ".healing",
               DownReplacementWriter::bytes(downs_, plan, model.family().config().hidden_size), false) {
  check(options);
  const ModelConfig& config = model.family().config();
  std::optional<ProbeFile> probe;
  if (!options.probe.empty()) probe = open_probe_of(model, options.probe);
  const ProbeSource source =
      probe ? probe->facts().source : ProbeSource{.model_sha256 = {}, .options = options.text, .seed = options.seed};
  require_tokens(plan, source.options.tokens);

  record_ = start_record(options, source);
  DownReplacementWriter writer(replacements_in(scratch_), downs_, plan, config.hidden_size);
  const StoredLayer stored = [&writer](std::int64_t layer, HealedLayer healed) {
    writer.round(static_cast<std::size_t>(layer), healed.down, healed.down_bias);
    return healed;
  };
  const HealSink sink = [&](std::int64_t layer, const HealedLayer& healed) {
    writer.write(static_cast<std::size_t>(layer), healed.down, healed.down_bias);
    record_.layers.push_back(record_of(healed.quality));
  };
  if (options.form == HealForm::kOneShot) {
    heal_in_one_shot(model.checkpoint(), model.family(), plan, *probe, options.fit, stored, sink, progress);
  } else {
    const CausalLm network = CausalLm::load(model.checkpoint(), model.family(), progress, options.load);
    const ProbeText text = probe ? probe->text() : sample_probe_text(network, options.text, options.seed, progress);
    const std::int64_t tokens = text.training.numel() + text.held_out.numel();
    require_memory(healing_bytes(config, plan, tokens), available_memory_bytes(),
                   fmt::format("healing on {} tokens", tokens), "take fewer tokens");
    heal_sequentially(network, plan, text, options.fit, stored, sink, progress);
  }
  writer.finish();
}

void HealedDowns::put_into(PruneOptions& options) const {
  options.replacements = replacements_in(scratch_);
  options.healing = record_;
}

}  // namespace prunenet
