#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/teach/distillation.h"
#include "prunenet/teach/text_options.h"

namespace prunenet {

/// Some sequences of a pool, as a student reads them: S sequences of T tokens.
struct TaughtBatch {
  torch::Tensor ids;      ///< [S, T]
  torch::Tensor next;     ///< [S T] int64: the token after each where the plain next-token loss counts, else -1
  TeacherTokens teacher;  ///< of the token after each, [S T, K]
};

/// Text with what the teacher says of every token of it, so that the teacher is asked once, however often a student
/// reads the text. Sampled sequences come first, then those of outside text.
struct TextPool {
  torch::Tensor ids;                ///< [S, T + 1] int64, the last of them only for `next`
  torch::Tensor top_ids;            ///< [S, T, K] int32
  torch::Tensor log_probabilities;  ///< [S, T, K] float
  std::int64_t sampled = 0;         ///< sequences that the teacher has sampled

  [[nodiscard]] std::int64_t sequences() const { return ids.defined() ? ids.size(0) : 0; }
  /// Tokens that a student reads, of all and of each; the pool is not empty for the latter.
  [[nodiscard]] std::int64_t tokens() const { return sequences() == 0 ? 0 : sequences() * sequence_tokens(); }
  [[nodiscard]] std::int64_t sequence_tokens() const { return ids.size(1) - 1; }
  /// Whole sequences of about so many tokens, at least one.
  [[nodiscard]] std::int64_t sequences_of(std::int64_t tokens) const {
    return std::max<std::int64_t>(1, tokens / sequence_tokens());
  }
  /// Sequences by index [n] int64, in that order.
  [[nodiscard]] TaughtBatch batch(const torch::Tensor& indices) const;
};

/// Text to learn from, and text to be measured by.
struct TaughtText {
  TextPool training;
  TextPool held_out;  ///< sampled, and read for validation only
};

/// Sequences of `sequence_length` tokens that the teacher samples, with what it said when it did: costs nothing beyond
/// the sampling. As many are sampled at once as their keys and values take 1 GiB. The same seed and threads give the
/// same text.
/// Throws what `check` and `sample` throw.
[[nodiscard]] TaughtText sample_taught_text(const CausalLm& teacher, const TaughtTextOptions& options,
                                            Progress& progress);

/// Adds windows [W, T + 1] of outside text, which the teacher reads, to a pool. Throws Error(kInvalidArgument) where
/// they are not as long as the pool's sequences.
void add_outside_text(const CausalLm& teacher, const torch::Tensor& windows, const TaughtTextOptions& options,
                      TextPool& pool, Progress& progress);

/// All that decides a sampled text, for such a key.
[[nodiscard]] nlohmann::json text_settings(const TaughtTextOptions& options, const std::string& teacher_sha256);

/// As a safetensors file with `key` in its metadata; complete or absent.
void save_taught_text(const std::filesystem::path& path, const std::string& key, const TaughtText& text);
/// Nothing where there is no file. Throws as `check_key`, and Error(kBadInput) where the file is damaged.
[[nodiscard]] std::optional<TaughtText> load_taught_text(const std::filesystem::path& path, const std::string& key);

}  // namespace prunenet
