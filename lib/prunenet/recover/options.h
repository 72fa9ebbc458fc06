#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/core/recipe_fields.h"
#include "prunenet/teach/text_options.h"

namespace prunenet {

/// What of the student's projections is trained.
enum class Adaptation {
  kLora,  ///< W + (alpha / rank) B A, B and A new (Hu et al. 2021, arXiv:2106.09685)
  kFull,  ///< W itself
};

[[nodiscard]] std::string_view to_string(Adaptation adaptation);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] Adaptation parse_adaptation(std::string_view name);

/// Number format of matrix products while a student learns. Its weights, their updates, and all between products stay
/// float32 either way ("mixed precision", Micikevicius et al. 2018, arXiv:1710.03740).
enum class Precision { kFloat32, kBfloat16 };

[[nodiscard]] std::string_view to_string(Precision precision);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] Precision parse_precision(std::string_view name);

/// How a pruned model is taught by the dense one. experiments/recover says what was measured.
struct RecoverOptions : TaughtTextOptions {
  Adaptation train = Adaptation::kFull;
  std::vector<std::string> targets = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};
  std::int64_t rank = 8;  ///< r of LoRA
  double alpha = 16.0;    ///< of LoRA

  std::int64_t steps = 400;   ///< optimizer steps
  std::int64_t tokens = 512;  ///< of a step, in whole sequences
  /// Of a forward and backward pass: gradients of several add up to a step's (gradient accumulation).
  std::int64_t micro_batch_tokens = 512;
  double learning_rate = 3e-4;     ///< AdamW, cosine decay to zero
  std::int64_t warmup_steps = 20;  ///< steps over which the rate first rises
  double beta2 = 0.98;             ///< of AdamW's second moment
  double weight_decay = 0.0;
  double gradient_clip = 1.0;                 ///< largest norm of a step's gradient
  Precision precision = Precision::kFloat32;  ///< bfloat16 is faster where processor or GPU multiply in it, else slower
  bool gradient_checkpoints =
      false;  ///< keep the input of each layer only, and compute the layer again for its gradient

  std::int64_t text_tokens = 0;    ///< of an outside text; 0: all of it
  double next_token_weight = 0.0;  ///< of the plain next-token loss, which counts on outside text alone

  std::int64_t validate_every = 50;  ///< steps between validations
  std::int64_t save_every = 100;     ///< steps between states to resume from
};

/// Throws Error(kInvalidArgument) naming the field, its value and its range, and as `parse_projections`.
void check(const RecoverOptions& options);

/// The section `recover` of a recipe, one key a field.
[[nodiscard]] nlohmann::json to_json(const RecoverOptions& options);
/// A whole recipe: an object with that section. Fields that are absent keep their defaults. Throws as
/// `read_recipe_section` and `check`.
[[nodiscard]] RecoverOptions recover_options_from_json(const nlohmann::json& recipe);

}  // namespace prunenet
