#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace prunenet::cli {

/// Asked before long work whose result goes to this file: its directory must exist and take files, and nothing may be
/// in the way. Throws Error(kAlreadyExists) without `force`, Error(kInvalidArgument) where there is no such directory,
/// Error(kIo) where it cannot be written.
void check_new_file(const std::filesystem::path& file, bool force);

/// Throws Error(kInvalidArgument) where `file` is there and is the model, or a file of its directory.
void check_not_of_model(const std::filesystem::path& file, const std::filesystem::path& model);

/// The same for where `write_json` writes after looking at `input`: it may replace a file, and write to a device or
/// pipe.
void check_json_destination(const std::string& destination, const std::filesystem::path& input);

/// The same for a model directory, which may exist where it is empty. Its parents are made when it is written.
void check_new_directory(const std::filesystem::path& directory, bool force);

/// "prunenet verb words...", quoted so that a shell reads it back: for the record of what made an output.
[[nodiscard]] std::string quote_command(const std::string& verb, const std::vector<std::string>& words);

}  // namespace prunenet::cli
