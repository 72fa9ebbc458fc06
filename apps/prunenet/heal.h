#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "network.h"
#include "options.h"
#include "prunenet/heal/healed_downs.h"
#include "prunenet/prune/healing_record.h"

namespace prunenet::cli {

/// What a verb that prunes says of healing.
struct HealArguments {
  bool heal = false;
  std::string form;   ///< empty: sequential
  std::string probe;  ///< a probe file in place of sampling
  std::optional<double> correction;
  std::optional<std::int64_t> tokens, held_out_tokens;
  std::vector<std::int64_t> start_tokens;
  NetworkArguments network;
};

/// Adds --heal and what goes with it.
void add_heal_options(VerbOptions& options, HealArguments& arguments);

/// Throws Error(kInvalidArgument) where they do not go together.
void check_heal_arguments(const HealArguments& arguments, const VerbOptions& options);

/// `policy`: whose options of its probe stand where none are given; empty: none. Throws what probe_options_of_policy
/// and parse_device throw.
[[nodiscard]] HealingOptions healing_options(const HealArguments& arguments, const std::filesystem::path& policy,
                                             std::uint64_t seed);

/// In words.
[[nodiscard]] std::string summary(const HealingRecord& record);

}  // namespace prunenet::cli
