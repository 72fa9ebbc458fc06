#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace prunenet::cli {

/// Where policies that are given by name are looked for, first to last: the directories of the environment variable
/// PRUNENET_POLICY_PATH, separated by colons, and `share/prunenet/policies` of the tree that the program stands in,
/// where /proc tells which that is.
[[nodiscard]] std::vector<std::filesystem::path> policy_directories();

/// Every name that `find_policy` knows there, sorted: those of files without ".safetensors", and of families by a
/// directory's `families.yaml`, a map from family to name. Throws Error(kBadInput) where that is none.
[[nodiscard]] std::vector<std::string> policy_names(
    const std::vector<std::filesystem::path>& directories = policy_directories());

/// The file that a user's `--policy` means. A path to something that is there, and what cannot be a name (it has a '/',
/// or ends in ".safetensors"), stays as it is. A name is that of a file in one of `directories`, or of a family there;
/// the first directory that knows it wins. Throws Error(kBadInput) listing the names and the directories where none
/// does.
[[nodiscard]] std::string find_policy(const std::string& policy,
                                      const std::vector<std::filesystem::path>& directories = policy_directories());

}  // namespace prunenet::cli
