#include "prunenet/report/agreement.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <string>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

using nlohmann::json;

std::string cell_of(const Record& record) {
  // The dense model is one cell, whatever its record says of seeds.
  const auto seed = record.is_dense() ? std::nullopt : record.seed();
  return fmt::format("{}, {}{}{}, ratio {}, seed {}", record.model(), record.label(),
                     record.options().empty() ? "" : " ", record.options(), record.ratio(),
                     seed ? std::to_string(*seed) : "none");
}

/// By which rule and of which content a figure is, with the file that said so first.
struct Rule {
  std::string value;
  const RecordFile* from = nullptr;
};
using Rules = std::map<std::string, Rule>;

void check_rules(const RecordFile& file, const json& measured, std::initializer_list<const char*> fields,
                 Rules& rules) {
  const std::string name = base_name(measured.at("file"));
  for (const char* field : fields) {
    const json value = measured.value(field, json());
    if (value.is_null()) continue;
    const auto [known, is_new] =
        rules.try_emplace(fmt::format("{}\n{}\n{}", file.record.model(), name, field), Rule{value.dump(), &file});
    if (is_new || known->second.value == value.dump()) continue;
    throw Error(ErrorKind::kMismatch,
                fmt::format("{} and {} cannot be compared: {} of {} is {} in one and {} in the other; measure both by "
                            "the same rule, or report them apart",
                            known->second.from->file.string(), file.file.string(), field, name, known->second.value,
                            value.dump()));
  }
}

}  // namespace

void check_agreement(const std::vector<RecordFile>& files) {
  std::map<std::string, const RecordFile*> cells;
  Rules rules;
  for (const RecordFile& file : files) {
    const std::string cell = cell_of(file.record);
    if (const auto [known, is_new] = cells.try_emplace(cell, &file); !is_new) {
      throw Error(ErrorKind::kMismatch, fmt::format("{} and {} hold the same cell ({}); leave one of them out",
                                                    known->second->file.string(), file.file.string(), cell));
    }
    for (const json& text : file.record.part("/perplexity")) {
      check_rules(file, text, {"context", "windows", "tokens", "sha256"}, rules);
    }
    for (const json& task : file.record.part("/tasks")) check_rules(file, task, {"n", "chance"}, rules);
  }
}

}  // namespace prunenet
