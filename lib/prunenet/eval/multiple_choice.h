#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// One question: each choice is a context and what may follow it. Usually all choices share the context; in
/// WinoGrande's partial form they share the continuation.
struct ChoiceItem {
  std::string id;
  std::vector<std::string> contexts;  ///< one a choice
  std::vector<std::string> endings;   ///< one a choice, without the space that joins them
  std::size_t label = 0;              ///< index of the right choice
  bool partial = false;               ///< contexts differ: `acc` only
};

/// Reads one JSON object a line: {"context", "choices", "label"} or {"contexts", "continuation", "label"}, "id" where
/// there is one. Throws Error(kBadInput) naming file, line and field.
[[nodiscard]] std::vector<ChoiceItem> read_choice_items(const std::filesystem::path& file);

struct ChoiceScores {
  std::vector<double> log_likelihood;  ///< one a choice, nats, summed over its continuation
};

/// The rules of EleutherAI's lm-evaluation-harness, no examples and no chat template; choice_request.h has them. The
/// tokens that choices share are run once, and several items go through the model together, without padding.
/// Throws Error(kBadInput) for a choice that adds no tokens to its context, Error(kNumerical) naming item and choice of
/// a log-likelihood that is NaN or infinite, and what ChoiceRequestMaker throws.
[[nodiscard]] std::vector<ChoiceScores> score_choices(const CausalLm& model, const Tokenizer& tokenizer,
                                                      const std::vector<ChoiceItem>& items, Progress& progress);

struct MultipleChoice {
  std::string file;
  std::int64_t n = 0;
  double chance = 0.0;             ///< mean over items of 1 / choices: the accuracy of guessing
  double acc = 0.0;                ///< share of items whose likeliest choice is right; the first at ties
  double acc_stderr = 0.0;         ///< sqrt(p (1 - p) / (n - 1)), 0 where n is 1
  std::optional<double> acc_norm;  ///< the same by log-likelihood a Unicode character of the ending; not for partial
  std::optional<double> acc_norm_stderr;
  double seconds = 0.0;
};

/// `limit`: only the first so many items; 0: all. Throws what `read_choice_items` and `score_choices` throw.
[[nodiscard]] MultipleChoice evaluate_multiple_choice(const CausalLm& model, const Tokenizer& tokenizer,
                                                      const std::filesystem::path& file, std::int64_t limit,
                                                      Progress& progress);

}  // namespace prunenet
