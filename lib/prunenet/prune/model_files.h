#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"

namespace prunenet {

/// Name of the record that a pruned model directory carries, and of the model card.
inline constexpr const char* kRecordFile = "prunenet.json";
inline constexpr const char* kCardFile = "README.md";

/// A file of a model directory that goes along unchanged.
struct CompanionFile {
  std::filesystem::path name;  ///< relative to the directory
  std::uint64_t bytes = 0;
};

/// Tokenizer, generation config, chat templates, licence and the like, sorted by name: the regular files of the
/// directory and of `additional_chat_templates`, but no weights of any format, no hidden files, nothing that is written
/// anew (config.json, README.md, prunenet.json).
[[nodiscard]] std::vector<CompanionFile> companion_files(const std::filesystem::path& directory);

/// Copies them durably. Throws what `copy_file_durably` throws.
void copy_companions(const std::filesystem::path& from, const std::filesystem::path& to,
                     const std::vector<CompanionFile>& files);

/// Shards, and their index where there is one.
[[nodiscard]] std::vector<std::string> weight_files(const Checkpoint& checkpoint);

/// Every file of a model directory that a pruned one takes something from: weights, config.json, the model card where
/// there is one, and what goes along.
[[nodiscard]] std::vector<std::string> input_files(const Checkpoint& checkpoint);

/// Names of all that lies below a directory and is no directory, relative to it, sorted. Links are not followed.
[[nodiscard]] std::vector<std::string> files_below(const std::filesystem::path& directory);

/// The model card; empty where there is none.
[[nodiscard]] std::string original_card(const std::filesystem::path& directory);

/// config.json with another width. Keys keep their order. Throws Error(kBadInput) where it is not a JSON object.
[[nodiscard]] std::string config_with_width(const std::filesystem::path& config_file, const std::string& width_field,
                                            std::int64_t width);

}  // namespace prunenet
