#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/compare/recipe.h"

namespace prunenet {

/// One cell of a comparison before it is run.
struct CellSpec {
  nlohmann::json method;  ///< an entry of the recipe; {"name": "dense"} for the model as it is
  std::string label;
  double ratio = 0.0;
  std::optional<std::uint64_t> seed;  ///< nothing where the method takes none
  std::filesystem::path file;         ///< of its record
  std::string key;                    ///< digest of all that decides what is measured
  bool with_tasks = false;            ///< tasks are measured at this ratio and seed

  [[nodiscard]] bool is_dense() const;
};

/// A label as a file name: lower-case letters, digits and dashes.
[[nodiscard]] std::string file_name_of(const std::string& label);

/// All cells of one method, ratios innermost. `fixed`: digests of what all cells share (model, texts, calibration).
[[nodiscard]] std::vector<CellSpec> cells_of(const nlohmann::json& method, bool uses_seed,
                                             const ComparisonRecipe& recipe, const nlohmann::json& fixed,
                                             const std::filesystem::path& directory);

/// The dense model's cell.
[[nodiscard]] CellSpec dense_cell(const ComparisonRecipe& recipe, const nlohmann::json& fixed,
                                  const std::filesystem::path& directory);

}  // namespace prunenet
