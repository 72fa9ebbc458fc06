#include "fuzz/harness.h"
#include "prunenet/train/recipe.h"
#include "recipe_file.h"
#include "support/memory_file.h"

namespace prunenet {

/// A recipe for training, in YAML.
PRUNENET_FUZZ_TARGET(train_recipe) {
  const testing::MemoryFile memory(input);
  const Recipe recipe = recipe_from_json(cli::read_recipe_file(memory.path()));
  static_cast<void>(to_json(recipe).dump());
}

}  // namespace prunenet
