#pragma once

#include <filesystem>
#include <string_view>

namespace prunenet {

/// The two forms of policy that this library trains and applies.
enum class PolicyKind {
  kFeatures,  ///< `Policy`: scores from features, for every ratio and every size of a family
  kPrunenet,  ///< `PublishedPolicy`: the PruneNet paper's, for one ratio and one shape
};

[[nodiscard]] std::string_view to_string(PolicyKind kind);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] PolicyKind parse_policy_kind(std::string_view name);

/// What a policy file holds, from its header alone. Throws what `load_policy` throws for a file that is no policy;
/// Error(kUnsupported) for a kind that this version does not know.
[[nodiscard]] PolicyKind read_policy_kind(const std::filesystem::path& path);

}  // namespace prunenet
