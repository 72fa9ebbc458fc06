#include "prunenet/probe/write_probe.h"

#include "prunenet/probe/loss_metric.h"
#include "prunenet/probe/probe.h"

namespace prunenet {

void write_probe(const std::filesystem::path& path, const CausalLm& model, const ProbeSource& source,
                 const std::string& model_name, const Stopwatch& watch, Progress& progress) {
  check(source.options);
  if (source.options.loss_metric) require_backward_pass(model);
  const ModelConfig& config = model.config();
  ProbeWriter writer(path, {.source = source,
                            .model_name = model_name,
                            .layers = config.num_hidden_layers,
                            .neurons = config.intermediate_size,
                            .hidden = config.hidden_size,
                            .text_length = text_length(source.options, config),
                            .device = model.device().str()});
  const ProbeText text = sample_probe_text(model, source.options, source.seed, progress);
  writer.write(text);
  collect_responses(
      model, text, source.options,
      [&writer](std::int64_t layer, const LayerMoments& moments) { writer.write(layer, moments); }, progress);
  if (source.options.loss_metric) writer.write(loss_metrics(model, text.training, progress));
  writer.finish(watch.seconds());
}

}  // namespace prunenet
