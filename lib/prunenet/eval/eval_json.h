#pragma once

#include <nlohmann/json.hpp>

#include "prunenet/eval/multiple_choice.h"
#include "prunenet/eval/perplexity.h"

namespace prunenet {

/// As they stand in `prunenet eval --json` and in records of comparisons.
[[nodiscard]] nlohmann::json to_json(const Perplexity& result);
[[nodiscard]] nlohmann::json to_json(const MultipleChoice& result);

}  // namespace prunenet
