#include "prunenet/tokenizer/vocab_and_merges.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/json_fields.h"

namespace prunenet {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// One merge a line, "left right"; the first line may say its version.
json read_merges(const fs::path& path) {
  json merges = json::array();
  std::istringstream lines(read_text_file(path));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty() && !line.starts_with("#version")) merges.push_back(line);
  }
  return merges;
}

bool adds_prefix_space(const fs::path& config) {
  if (!fs::exists(config)) return false;
  const json content = read_json_object(config);
  try {
    return flag(content, "add_prefix_space", false);
  } catch (const Error& error) {
    reject(config.string(), error.what());
  }
}

}  // namespace

bool has_vocab_and_merges(const fs::path& model_directory) {
  return fs::exists(model_directory / "vocab.json") && fs::exists(model_directory / "merges.txt");
}

json tokenizer_json_of_vocab(const fs::path& model_directory) {
  const fs::path path = model_directory / "vocab.json";
  const json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", adds_prefix_space(model_directory / "tokenizer_config.json")},
                           {"use_regex", true}};
  return {
      {"pre_tokenizer", byte_level},
      {"decoder", byte_level},
      {"model",
       {{"type", "BPE"}, {"vocab", read_json_object(path)}, {"merges", read_merges(model_directory / "merges.txt")}}}};
}

}  // namespace prunenet
