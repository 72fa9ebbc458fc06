#pragma once

#include <torch/torch.h>

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace prunenet {

/// The options of one method, as they stand in a recipe. Every error is Error(kInvalidArgument), and names the method,
/// the key, its value and what is known.
class MethodOptions {
 public:
  /// Throws unless `options` is an object whose "name" is text. It must outlive this.
  explicit MethodOptions(const nlohmann::json& options);

  /// The method's.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Throws where there is a key besides "name" and these.
  void check_keys(std::initializer_list<std::string> known) const;
  /// The value under `key`, `otherwise` where there is none. Throws where it is neither true nor false.
  [[nodiscard]] bool boolean_or(const std::string& key, bool otherwise) const;
  /// Likewise. Throws where it is none of the `known`.
  [[nodiscard]] std::string choice_or(const std::string& key, const std::string& otherwise,
                                      const std::vector<std::string>& known) const;
  /// All of them but "name".
  [[nodiscard]] nlohmann::json without_name() const;
  /// The object under `key`, an empty one where there is none.
  [[nodiscard]] nlohmann::json section(const std::string& key) const;

 private:
  [[noreturn]] void refuse(const std::string& key, const std::string& wanted) const;

  const nlohmann::json& options_;
  std::string name_;
};

/// Throws Error(kInvalidArgument) naming --calibration where there is none, or where it is not [B, T >= 2] int64.
void require_calibration(const std::string& method, const torch::Tensor& calibration);

}  // namespace prunenet
