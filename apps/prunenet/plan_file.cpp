#include "plan_file.h"

#include <fmt/format.h>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/output_file.h"

namespace prunenet::cli {

Plan read_plan_file(const std::filesystem::path& path) {
  const nlohmann::json json = read_json_object(path);
  try {
    return plan_from_json(json);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", path.string(), error.what()));
  }
}

void write_plan_file(const std::filesystem::path& path, const Plan& plan) {
  write_file_atomically(path, to_json(plan).dump() + "\n");
}

}  // namespace prunenet::cli
