#pragma once

#include <cstdint>
#include <string>

#include "options.h"
#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/probe/options.h"

namespace prunenet::cli {

/// How a verb computes with a model.
struct NetworkArguments {
  std::string device = "cpu";
  bool stream = false;
};

/// Adds --device, and --stream.
void add_network_options(VerbOptions& options, NetworkArguments& arguments);
void add_device_option(VerbOptions& options, NetworkArguments& arguments);

/// Throws what parse_device throws.
[[nodiscard]] LoadOptions load_options(const NetworkArguments& arguments);

/// Throws Error(kOutOfSpace) where keys and values of so many sequences of so many tokens do not fit into this
/// machine's memory. They are kept for all layers, with --stream too.
void require_cache_memory(const ModelConfig& config, std::int64_t sequences, std::int64_t tokens,
                          const LoadOptions& load);

/// Says what sampling so many tokens a sequence from a streamed model will read: its layers, a pass for every token.
void say_what_sampling_reads(const Checkpoint& checkpoint, const Family& family, std::int64_t passes,
                             Progress& progress);

/// Both of them, for the text of a probe.
void announce_probe_text(const ProbeOptions& options, const Checkpoint& checkpoint, const Family& family,
                         const LoadOptions& load, Progress& progress);

}  // namespace prunenet::cli
