#include "prunenet/report/record.h"

#include <utility>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/file.h"
#include "prunenet/core/output_file.h"
#include "prunenet/report/record_schema.h"

namespace prunenet {

std::optional<double> retention_above_chance(double accuracy, double dense, double chance, double dense_error) {
  if (!(dense - chance > dense_error)) return std::nullopt;
  return (accuracy - chance) / (dense - chance);
}

bool Record::failed() const {
  return json.at("status") == "failed";
}

std::string Record::error() const {
  return failed() ? json.at("error").get<std::string>() : std::string();
}

std::string Record::model() const {
  return json.at("model").at("name").get<std::string>();
}

std::string Record::method() const {
  return json.at("method").at("name").get<std::string>();
}

std::string Record::label() const {
  const nlohmann::json label = json.at("method").value("label", nlohmann::json());
  return label.is_null() ? method() : label.get<std::string>();
}

std::string Record::options() const {
  const nlohmann::json options = json.at("method").value("options", nlohmann::json());
  return options.empty() ? std::string() : options.dump();
}

bool Record::is_dense() const {
  return method() == kDense;
}

std::string Record::data() const {
  return json.at("data").get<std::string>();
}

double Record::ratio() const {
  return json.at("ratio").get<double>();
}

std::optional<std::int64_t> Record::seed() const {
  const nlohmann::json seed = json.value("seed", nlohmann::json());
  return seed.is_null() ? std::nullopt : std::optional(seed.get<std::int64_t>());
}

std::optional<double> Record::number(const std::string& pointer) const {
  const nlohmann::json::json_pointer place(pointer);
  if (!json.contains(place) || !json.at(place).is_number()) return std::nullopt;
  return json.at(place).get<double>();
}

nlohmann::json Record::part(const std::string& pointer) const {
  const nlohmann::json::json_pointer place(pointer);
  if (!json.contains(place) || json.at(place).is_null()) return nlohmann::json::array();
  return json.at(place);
}

Record record_from_json(nlohmann::json json, const std::string& where) {
  check_record(json, where);
  return Record{std::move(json)};
}

Record read_record(const std::filesystem::path& path) {
  return record_from_json(read_json_object(path), path.string());
}

void write_record(const std::filesystem::path& path, const Record& record) {
  check_record(record.json, path.string());
  write_file_atomically(path, record.json.dump() + "\n");
}

}  // namespace prunenet
