#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace prunenet {

/// Checked reading of one JSON object of a config.json. A field that is null counts as missing.
///
/// Every error is Error(kBadInput) and names the file, the key (with its path), the value found and the range allowed.
class ConfigFields {
 public:
  /// `path` stands before every key in messages ("rope_scaling."). The object must outlive the reader.
  ConfigFields(const nlohmann::json& object, std::string file, std::string path = "");

  /// Whether there is such a key, and its value is not null.
  [[nodiscard]] bool has(const char* key) const { return find(key) != nullptr; }
  /// True of a null as well.
  [[nodiscard]] bool mentions(const char* key) const { return object_->contains(key); }
  /// A required number in [low, high].
  [[nodiscard]] std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) const;
  /// The same, or `otherwise` where the key is absent.
  [[nodiscard]] std::int64_t integer_or(const char* key, std::int64_t otherwise, std::int64_t low,
                                        std::int64_t high) const;
  /// A finite number in [low, high].
  [[nodiscard]] double number(const char* key, double low, double high) const;
  /// As `integer_or`.
  [[nodiscard]] double number_or(const char* key, double otherwise, double low, double high) const;
  /// True or false, or `otherwise` where the key is absent.
  [[nodiscard]] bool boolean_or(const char* key, bool otherwise) const;
  /// A required text.
  [[nodiscard]] std::string text(const char* key) const;
  /// A text, or `otherwise` where the key is absent.
  [[nodiscard]] std::string text_or(const char* key, const std::string& otherwise) const;
  /// One integer or a list of them; empty where the key is missing.
  [[nodiscard]] std::vector<std::int64_t> integers(const char* key, std::int64_t low, std::int64_t high) const;
  /// A list of finite numbers in [low, high]; empty where the key is missing.
  [[nodiscard]] std::vector<double> numbers(const char* key, double low, double high) const;
  /// A list of strings; empty where the key is missing.
  [[nodiscard]] std::vector<std::string> texts(const char* key) const;
  /// A nested object, or nothing where the key is missing.
  [[nodiscard]] std::optional<ConfigFields> object(const char* key) const;
  /// The value as it stands, or nullptr.
  [[nodiscard]] const nlohmann::json* find(const char* key) const;

  /// Throws Error(kBadInput) with file, key and why.
  [[noreturn]] void reject(const char* key, const std::string& why) const;
  /// Error(kUnsupported), worded like the others.
  [[noreturn]] void refuse(const char* key, const std::string& why) const;

 private:
  [[nodiscard]] const nlohmann::json& require(const char* key) const;
  [[nodiscard]] std::int64_t to_integer(const char* key, const nlohmann::json& value, std::int64_t low,
                                        std::int64_t high) const;
  [[nodiscard]] double to_number(const char* key, const nlohmann::json& value, double low, double high) const;

  const nlohmann::json* object_;
  std::string file_;
  std::string path_;
};

}  // namespace prunenet
