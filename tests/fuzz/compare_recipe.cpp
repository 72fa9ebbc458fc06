#include "fuzz/harness.h"
#include "prunenet/compare/recipe.h"
#include "recipe_file.h"
#include "support/memory_file.h"

namespace prunenet {

/// A recipe for a comparison, in YAML.
PRUNENET_FUZZ_TARGET(compare_recipe) {
  const testing::MemoryFile memory(input);
  const ComparisonRecipe recipe = comparison_recipe_from_json(cli::read_recipe_file(memory.path()));
  for (const nlohmann::json& method : recipe.methods) static_cast<void>(method_label(method));
}

}  // namespace prunenet
