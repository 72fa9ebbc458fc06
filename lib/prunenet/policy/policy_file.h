#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/policy/policy_kind.h"

namespace prunenet {

/// A policy file as it lies on disk, whatever its kind: a module's parameters as tensors, and metadata. Complaints are
/// Error(kBadInput) with the file's name.
class PolicyFile {
 public:
  static constexpr int kFormatVersion = 1;

  /// Throws Error(kBadInput) where the file is not a policy, Error(kUnsupported) for another format version.
  explicit PolicyFile(const std::filesystem::path& path);

  /// As `read_policy_kind`.
  [[nodiscard]] PolicyKind kind() const;
  /// Throws Error(kMismatch) naming both kinds.
  void require_kind(PolicyKind wanted) const;

  [[nodiscard]] bool has(const std::string& key) const;
  [[nodiscard]] const std::string& text(const std::string& key) const;
  [[nodiscard]] nlohmann::json json(const std::string& key) const;
  /// Throws where the tensor is missing, not F32, or of another shape.
  void require_shape(const std::string& tensor, const std::vector<std::int64_t>& shape) const;
  /// Fills every parameter of `module`; the file must hold exactly those, F32, of their shapes, and finite.
  void load_parameters(torch::nn::Module& module) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  SafetensorsFile file_;
};

/// Writes parameters and `metadata`, to which format, version and kind are added: complete or absent.
/// Throws Error(kOutOfSpace), Error(kIo).
void write_policy_file(const std::filesystem::path& path, PolicyKind kind, const torch::nn::Module& module,
                       std::map<std::string, std::string> metadata);

}  // namespace prunenet
