#include "prunenet/probe/text.h"

#include <algorithm>

#include "prunenet/model/sample.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kTextStream = 11;

}  // namespace

std::int64_t text_length(const ProbeOptions& options, const ModelConfig& config) {
  return std::min(options.sequence_length, config.max_position_embeddings);
}

std::int64_t sequences_of(std::int64_t tokens, std::int64_t length) {
  return tokens / length + (tokens % length > 0 ? 1 : 0);
}

ProbeText sample_probe_text(const CausalLm& model, const ProbeOptions& options, std::uint64_t seed,
                            Progress& progress) {
  const std::int64_t length = text_length(options, model.config());
  const std::int64_t training = sequences_of(options.tokens, length);
  const std::int64_t held_out = sequences_of(options.held_out_tokens, length);
  Rng rng(seed, kTextStream);
  const torch::Tensor ids = sample(model, start_prompts(model.config(), training + held_out, options.start_tokens),
                                   {.tokens = length - 1, .temperature = options.temperature}, rng, progress);
  return {.training = ids.narrow(0, 0, training), .held_out = ids.narrow(0, training, held_out)};
}

}  // namespace prunenet
