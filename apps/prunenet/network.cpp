#include "network.h"

#include <fmt/format.h>

#include <algorithm>

#include "human.h"
#include "prunenet/core/available_memory.h"
#include "prunenet/model/device.h"
#include "prunenet/model/kv_cache.h"
#include "prunenet/model/streamed_layers.h"
#include "prunenet/probe/text.h"

namespace prunenet::cli {

void add_device_option(VerbOptions& options, NetworkArguments& arguments) {
  options.add()("device", default_of(arguments.device, "D"), "where to compute: cpu, cuda or cuda:N");
  options.suggest("device", {"cpu", "cuda"});
}

void add_network_options(VerbOptions& options, NetworkArguments& arguments) {
  add_device_option(options, arguments);
  options.add()("stream", flag(arguments.stream),
                "read the model layer by layer at every pass, for models larger than memory; the same numbers");
}

LoadOptions load_options(const NetworkArguments& arguments) {
  return {.stream = arguments.stream,
          .device = parse_device(arguments.device),
          .when_too_large = "--stream reads it layer by layer"};
}

void require_cache_memory(const ModelConfig& config, std::int64_t sequences, std::int64_t tokens,
                          const LoadOptions& load) {
  if (!load.device.is_cpu()) return;
  const double bytes = static_cast<double>(KvCache::bytes_of_a_token(config)) * static_cast<double>(sequences) *
                       static_cast<double>(tokens);
  constexpr double kMost = 1e18;  // whatever is asked for
  require_memory(static_cast<std::uint64_t>(std::min(bytes, kMost)), available_memory_bytes(),
                 fmt::format("sampling {} sequences of {} tokens, whose keys and values are kept,", sequences, tokens),
                 "ask for fewer tokens or shorter sequences");
}

void say_what_sampling_reads(const Checkpoint& checkpoint, const Family& family, std::int64_t passes,
                             Progress& progress) {
  const std::uint64_t bytes = bytes_of_layers(checkpoint, family);
  progress.note(fmt::format("sampling with --stream reads the layers once a token: up to {} passes of {}, {} in all",
                            passes, human_bytes(bytes), human_bytes(bytes * static_cast<std::uint64_t>(passes))));
}

void announce_probe_text(const ProbeOptions& options, const Checkpoint& checkpoint, const Family& family,
                         const LoadOptions& load, Progress& progress) {
  const std::int64_t length = text_length(options, family.config());
  const std::int64_t sequences = sequences_of(options.tokens, length) + sequences_of(options.held_out_tokens, length);
  require_cache_memory(family.config(), sequences, length, load);
  if (load.stream) say_what_sampling_reads(checkpoint, family, length - 1, progress);
}

}  // namespace prunenet::cli
