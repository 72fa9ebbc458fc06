#include "prunenet/probe/text.h"

#include <algorithm>

#include "prunenet/model/sample.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kTextStream = 11;

/// [batch, 1]
torch::Tensor first_tokens(const ModelConfig& config, std::int64_t batch, const ProbeOptions& options) {
  if (options.start_tokens.empty()) return start_prompts(config, batch);
  torch::Tensor tokens = torch::empty({batch, 1}, torch::kInt64);
  for (std::int64_t row = 0; row < batch; ++row) {
    tokens[row][0] = options.start_tokens[static_cast<std::size_t>(row) % options.start_tokens.size()];
  }
  return tokens;
}

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
  const torch::Tensor ids = sample(model, first_tokens(model.config(), training + held_out, options),
                                   {.tokens = length - 1, .temperature = options.temperature}, rng, progress);
  return {.training = ids.narrow(0, 0, training), .held_out = ids.narrow(0, training, held_out)};
}

}  // namespace prunenet
