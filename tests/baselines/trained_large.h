#pragma once

#include <cmath>
#include <filesystem>
#include <memory>

#include "baselines/loaded_model.h"
#include "prunenet/baselines/pruned_network.h"
#include "prunenet/eval/perplexity.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "support/trained_model.h"

namespace prunenet::testing {

/// The larger of the two trained models: 5 layers of 224 neurons.
struct TrainedLarge : LoadedModel {
  TrainedLarge() : LoadedModel(trained_model("large")) {}

  [[nodiscard]] static std::filesystem::path text(const char* name) {
    return std::filesystem::path(PRUNENET_TEST_DATA) / "texts" / name;
  }

  /// Windows of a novel that the model was trained on.
  [[nodiscard]] torch::Tensor calibration(std::int64_t windows) const {
    return calibration_windows(network.config(), *tokenizer, text("alice.txt"), windows, 128);
  }
  /// Log-perplexity on text that it has not seen.
  [[nodiscard]] double log_perplexity(const CausalLm& model) {
    return std::log(
        evaluate_perplexity(model, *tokenizer, text("heldout.txt"), {.context = 128, .windows = 24}, silent).ppl);
  }

  std::unique_ptr<Tokenizer> tokenizer = load_tokenizer(trained_model("large"));
};

}  // namespace prunenet::testing
