#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace prunenet {

/// Everything that must hold of a record: format and version, known fields of the right types and ranges, and what
/// fields say of each other. `where` is the file. Throws as `record_from_json`.
void check_record(const nlohmann::json& json, const std::string& where);

}  // namespace prunenet
