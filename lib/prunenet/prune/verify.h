#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/family/family_registry.h"

namespace prunenet {

/// What `verify_pruned` compares with besides the input.
struct VerifyOptions {
  std::filesystem::path policy = {};              ///< to be the one that the record names; empty: not looked at
  std::size_t most_failures = 100;                ///< that are described; all are counted
  FamilyRegistry families = built_in_families();  ///< that the models are of
};

/// One kind of thing that was looked at.
struct VerifyCheck {
  std::string name;          ///< "cut tensors"
  std::uint64_t held = 0;    ///< times that it was as it should be
  std::uint64_t failed = 0;  ///< times that it was not
};

/// One thing that is not as it should be.
struct VerifyFailure {
  std::string check;   ///< VerifyCheck::name
  std::string file;    ///< base name
  std::string tensor;  ///< empty where it is about the whole file
  std::string what;    ///< with index and numbers
};

/// "file: tensor 'name': what"
[[nodiscard]] std::string to_string(const VerifyFailure& failure);

/// What was looked at, and what was wrong.
struct VerifyReport {
  std::vector<VerifyCheck> checks;      ///< in the order in which they were made
  std::vector<VerifyFailure> failures;  ///< the first of them
  std::uint64_t failure_count = 0;      ///< of all, described or not
  std::vector<std::string> warnings;    ///< what nothing is known of, or could not be compared

  /// Whether nothing was wrong.
  [[nodiscard]] bool holds() const { return failure_count == 0; }
};

/// Whether a pruned model is what its record says, made from `input`: `prune_checkpoint`'s directory against the
/// directory that it was made from, or `prune_gguf`'s file against that file. Both are read again:
///
///  - the record is complete, of this version, and its sizes and ratios are those of its plan on this input;
///  - SHA-256 of every file of the input and of the output, and of the policy where it is given;
///  - every tensor is there with its type and shape, and no other; those that the plan does not cut are the input's
///  byte
///    for byte, those that it cuts the input's kept rows or columns (in a GGUF file quantised columns are quantised
///    again and compared); biases that were changed on purpose, and down projections that were healed, are only looked
///  at for being finite;
///  - config.json and metadata are the input's but for the width, the index is that of the shards, all other files are
///    copies.
///
/// Nothing is taken from the output's own word but which neurons were kept. What was chosen is not judged. Streams:
/// about two tensors are in memory.
///
/// What is wrong with the output is a failure in the report. Throws Error(kBadInput) where there is no output or it has
/// no record, Error(kUnsupported) where its record is of another version, Error(kInvalidArgument) where one is a file
/// and the other a directory, and what opening `input` or the policy throws.
[[nodiscard]] VerifyReport verify_pruned(const std::filesystem::path& output, const std::filesystem::path& input,
                                         const VerifyOptions& options, Progress& progress);

}  // namespace prunenet
