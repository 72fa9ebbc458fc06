#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace prunenet::testing {

/// The record of a cell whose perplexity on a text is given, with no more than a record has to have.
inline nlohmann::json cell(const std::string& method, double ratio, const nlohmann::json& seed, double perplexity) {
  return {{"format", "prunenet.record"},
          {"format_version", 1},
          {"status", "done"},
          {"model", {{"name", "tiny"}}},
          {"method", {{"name", method}}},
          {"data", "none"},
          {"ratio", ratio},
          {"seed", seed},
          {"perplexity", {{{"file", "texts/a.txt"}, {"ppl", perplexity}, {"context", 64}}}}};
}

}  // namespace prunenet::testing
