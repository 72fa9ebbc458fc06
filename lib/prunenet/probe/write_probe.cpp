#include "prunenet/probe/write_probe.h"

#include "prunenet/probe/probe.h"

namespace prunenet {

void write_probe(const std::filesystem::path& path, const CausalLm& model, const ProbeSource& source,
                 const std::string& model_name, const Stopwatch& watch, Progress& progress) {
  const ModelConfig& config = model.config();
  ProbeWriter writer(path, {.source = source,
                            .model_name = model_name,
                            .layers = config.num_hidden_layers,
                            .neurons = config.intermediate_size,
                            .device = model.device().str()});
  run_probe(
      model, source.options, source.seed,
      [&writer](std::int64_t layer, const LayerMoments& moments) { writer.write(layer, moments); }, progress);
  writer.finish(watch.seconds());
}

}  // namespace prunenet
