#include "prunenet/compare/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "prunenet/core/sha256.h"
#include "prunenet/report/record.h"

namespace prunenet {

namespace {

using nlohmann::json;

std::string key_of(const CellSpec& cell, const ComparisonRecipe& recipe, const json& fixed) {
  const EvaluationOptions& evaluation = recipe.evaluation;
  const json all = {
      {"fixed", fixed},
      {"method", cell.method},
      {"ratio", cell.ratio},
      {"seed", cell.seed ? json(*cell.seed) : json()},
      {"round_to", recipe.round_to},
      {"windows", {evaluation.windows.context, evaluation.windows.windows}},
      {"tasks", cell.with_tasks ? json(evaluation.limit) : json()},
      {"distortions", evaluation.distortions},
      {"probe", {recipe.probe.tokens, recipe.probe.sequence_length, recipe.probe.start_tokens}},
      {"calibration", {recipe.calibration.windows, recipe.calibration.context}},
  };
  const std::string text = all.dump();
  return sha256_hex(std::as_bytes(std::span(text)));
}

template <typename Value>
bool is_among(const std::vector<Value>& chosen, const Value& value) {
  return chosen.empty() || std::find(chosen.begin(), chosen.end(), value) != chosen.end();
}

bool with_tasks(const EvaluationOptions& evaluation, const CellSpec& cell) {
  return !evaluation.tasks.empty() && is_among(evaluation.task_ratios, cell.ratio) &&
         (!cell.seed || is_among(evaluation.task_seeds, *cell.seed));
}

}  // namespace

bool CellSpec::is_dense() const {
  return method.at("name") == Record::kDense;
}

std::string file_name_of(const std::string& label) {
  std::string name;
  for (const char character : label) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) != 0 && byte < 0x80) {
      name += static_cast<char>(std::tolower(byte));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "method" : name;
}

std::vector<CellSpec> cells_of(const json& method, bool uses_seed, const ComparisonRecipe& recipe, const json& fixed,
                               const std::filesystem::path& directory) {
  std::vector<std::optional<std::uint64_t>> seeds{std::nullopt};
  if (uses_seed) seeds.assign(recipe.seeds.begin(), recipe.seeds.end());
  std::vector<CellSpec> cells;
  for (const auto& seed : seeds) {
    for (const double ratio : recipe.ratios) {
      CellSpec cell;
      cell.method = method;
      cell.label = method_label(method);
      cell.ratio = ratio;
      cell.seed = seed;
      cell.with_tasks = with_tasks(recipe.evaluation, cell);
      cell.file = directory / fmt::format("{}-{:.4g}{}.json", file_name_of(cell.label), ratio,
                                          seed ? fmt::format("-seed-{}", *seed) : "");
      cell.key = key_of(cell, recipe, fixed);
      cells.push_back(std::move(cell));
    }
  }
  return cells;
}

CellSpec dense_cell(const ComparisonRecipe& recipe, const json& fixed, const std::filesystem::path& directory) {
  CellSpec cell;
  cell.method = {{"name", Record::kDense}};
  cell.label = Record::kDense;
  cell.with_tasks = !recipe.evaluation.tasks.empty();
  cell.file = directory / "dense.json";
  cell.key = key_of(cell, recipe, fixed);
  return cell;
}

}  // namespace prunenet
