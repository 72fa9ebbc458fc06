#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/policy/policy.h"
#include "prunenet/refine/refine_trainer.h"
#include "support/trained_model.h"

namespace prunenet::testing {

/// Nothing that it says of neurons is of any worth.
inline PolicyNetwork untrained_network(std::uint64_t seed = 3) {
  Rng rng(seed);
  return PolicyNetwork(static_cast<std::int64_t>(feature_names().size()), NetworkOptions{.hidden = 16, .depth = 2},
                       rng);
}

inline void save_untrained_policy(const std::filesystem::path& path) {
  Policy policy;
  policy.network = untrained_network();
  policy.features = feature_names();
  policy.recipe = {{"policy", "features"}};
  policy.curve = nlohmann::json::array();
  policy.provenance = {{"seed", 3}};
  save_policy(path, policy);
}

/// Small enough for a second.
inline RefineOptions small_refinement() {
  RefineOptions options;
  options.steps = 6;
  options.tokens = 256;
  options.micro_batch_tokens = 256;
  options.warmup_steps = 1;
  options.sampled_tokens = 2048;
  options.held_out_tokens = 512;
  options.sequence_length = 33;
  options.top_logits = 16;
  options.validate_every = 3;
  return options;
}

/// The small trained model of tests/data.
inline RefinedModel refined_model(const RefineOptions& options) {
  const Checkpoint checkpoint = Checkpoint::open(trained_model("small"));
  const auto family = make_family(checkpoint);
  SilentProgress silent;
  CausalLm network = CausalLm::load(checkpoint, *family, silent);
  std::vector<torch::Tensor> features;
  extract_features(
      CheckpointWeights(checkpoint, *family),
      [&features](std::int64_t /*layer*/, const MatrixF& layer) { features.push_back(to_tensor(layer)); }, silent);
  TaughtText text = sample_taught_text(network, options, silent);
  return {std::move(network), std::move(features), std::move(text)};
}

}  // namespace prunenet::testing
