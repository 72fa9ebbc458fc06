#include "find_policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>

#include "prunenet/core/error.h"
#include "recipe_file.h"

namespace prunenet::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPolicyPath = "PRUNENET_POLICY_PATH";
constexpr const char* kExtension = ".safetensors";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool may_be_name(const std::string& policy) {
  return !policy.empty() && policy.find('/') == std::string::npos && !policy.ends_with(kExtension);
}

/// Family -> name of its policy; empty where the directory has no index.
std::map<std::string, std::string> families_of(const fs::path& directory) {
  const fs::path index = directory / "families.yaml";
  if (!is_there(index)) return {};
  const nlohmann::json names = read_recipe_file(index);
  std::map<std::string, std::string> families;
  for (const auto& [family, name] : names.items()) {
    if (!name.is_string() || !may_be_name(name.get<std::string>())) {
      throw Error(ErrorKind::kBadInput, fmt::format("{}: '{}' is {}; it must be a policy's name, its file's without {}",
                                                    index.string(), family, name.dump(), kExtension));
    }
    families[family] = name.get<std::string>();
  }
  return families;
}

std::optional<fs::path> find_in(const fs::path& directory, const std::string& name) {
  const fs::path own = directory / (name + kExtension);
  if (is_there(own)) return own;
  const std::map<std::string, std::string> families = families_of(directory);
  const auto family = families.find(name);
  if (family == families.end()) return std::nullopt;
  return directory / (family->second + kExtension);
}

}  // namespace

std::vector<fs::path> policy_directories() {
  std::vector<fs::path> directories;
  if (const char* path = std::getenv(kPolicyPath); path != nullptr) {
    std::istringstream parts(path);
    for (std::string part; std::getline(parts, part, ':');) {
      if (!part.empty()) directories.emplace_back(part);
    }
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) directories.push_back((program.parent_path() / PRUNENET_BIN_TO_POLICIES).lexically_normal());
  return directories;
}

std::vector<std::string> policy_names(const std::vector<fs::path>& directories) {
  std::set<std::string> names;
  for (const fs::path& directory : directories) {
    std::error_code missing;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, missing)) {
      if (entry.path().extension() == kExtension) names.insert(entry.path().stem().string());
    }
    for (const auto& [family, name] : families_of(directory)) names.insert(family);
  }
  return {names.begin(), names.end()};
}

std::string find_policy(const std::string& policy, const std::vector<fs::path>& directories) {
  if (!may_be_name(policy) || is_there(policy)) return policy;
  if (directories.empty()) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("--policy {}: no such file, and no directory to look for that name in: without /proc the "
                            "program does not know where it stands; mount it, set {} or give a path",
                            policy, kPolicyPath));
  }
  std::vector<std::string> looked;
  for (const fs::path& directory : directories) {
    if (const std::optional<fs::path> found = find_in(directory, policy)) return found->string();
    looked.push_back(directory.string());
  }
  throw Error(ErrorKind::kBadInput,
              fmt::format("--policy {}: no such file, and no policy of that name in {}; names there: {}. {} adds "
                          "directories",
                          policy, fmt::join(looked, ", "), fmt::join(policy_names(directories), ", "), kPolicyPath));
}

}  // namespace prunenet::cli
