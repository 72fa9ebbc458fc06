#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace prunenet {

/// (accuracy - chance) / (dense - chance): what is left of what the dense model knows. Nothing where the dense model is
/// not above chance by more than its standard error: there is nothing to keep then, and the quotient is noise.
[[nodiscard]] std::optional<double> retention_above_chance(double accuracy, double dense, double chance,
                                                           double dense_error);

/// One cell of a comparison: one method at one ratio with one seed on one model, and what was measured of it. The
/// fields are those of docs/formats.md, "Record"; whoever writes a record fills in `json` and decides what to leave
/// out. The accessors expect what `record_from_json` has checked.
struct Record {
  static constexpr const char* kFormat = "prunenet.record";
  static constexpr int kFormatVersion = 1;
  static constexpr const char* kDense = "dense";  ///< method of the model that nothing was removed from

  nlohmann::json json;

  [[nodiscard]] bool failed() const;
  [[nodiscard]] std::string error() const;  ///< one line; empty where it has not failed
  [[nodiscard]] std::string model() const;
  [[nodiscard]] std::string method() const;   ///< method.name
  [[nodiscard]] std::string label() const;    ///< method.label, else its name
  [[nodiscard]] std::string options() const;  ///< method.options as one line of JSON; empty without any
  [[nodiscard]] bool is_dense() const;
  [[nodiscard]] std::string data() const;  ///< "none", "self-sampled" or "calibration"
  [[nodiscard]] double ratio() const;      ///< as asked for
  [[nodiscard]] std::optional<std::int64_t> seed() const;
  /// A number by its place ("/parameters", "/seconds/training"); nothing where it is absent or null.
  [[nodiscard]] std::optional<double> number(const std::string& pointer) const;
  /// A list or object by its place; an empty list where it is absent or null.
  [[nodiscard]] nlohmann::json part(const std::string& pointer) const;
};

/// Checks every field and what they say of each other; `where` names the source in messages. Throws Error(kBadInput)
/// naming field and value (an unknown field is refused: it is likely a typing error), Error(kUnsupported) for another
/// format_version.
[[nodiscard]] Record record_from_json(nlohmann::json json, const std::string& where);

/// The same of a file.
[[nodiscard]] Record read_record(const std::filesystem::path& path);

/// Checks the record, then writes it complete or not at all. Throws as `record_from_json` and `write_file_atomically`.
void write_record(const std::filesystem::path& path, const Record& record);

}  // namespace prunenet
