#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "prunenet/core/file.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "support/temporary_directory.h"

namespace prunenet::testing {

inline nlohmann::json read_fixture(const std::string& name) {
  return nlohmann::json::parse(read_text_file(std::string(PRUNENET_TEST_DATA) + "/tokenizer/" + name));
}

/// The tokenizer of that tokenizer.json, with other files beside it by name.
inline std::unique_ptr<Tokenizer> load_from(const nlohmann::json& tokenizer,
                                            const std::map<std::string, nlohmann::json>& beside = {}) {
  const TemporaryDirectory directory;
  write_file(directory / "tokenizer.json", tokenizer.dump());
  for (const auto& [name, content] : beside) write_file(directory / name, content.dump());
  return load_tokenizer(directory.path());
}

/// Byte-level, digits one by one, the GPT-2 pattern: small, trained, and complete over the bytes.
inline nlohmann::json byte_level_json() {
  nlohmann::json file = read_fixture("byte_level.json");
  file["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers",
                            {{{"type", "Digits"}, {"individual_digits", true}},
                             {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}}}};
  return file;
}

/// Letters a, b, c and "ab", "abc": the least that has merges.
inline nlohmann::json tiny_json() {
  return {{"model",
           {{"type", "BPE"},
            {"vocab", {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"abc", 4}}},
            {"merges", {"a b", "ab c"}}}}};
}

}  // namespace prunenet::testing
