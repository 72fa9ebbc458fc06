#include "outputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/error.h"

namespace prunenet::cli {

namespace {

bool is_device_or_pipe(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::is_other(file, ignored);
}

}  // namespace

void check_new_file(const std::filesystem::path& file, bool force) {
  std::error_code ignored;
  const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  if (!std::filesystem::is_directory(parent, ignored)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{}: there is no directory {}; make it first", file.string(), parent.string()));
  }
  if (std::filesystem::is_directory(file, ignored)) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{} is a directory; a file name is needed", file.string()));
  }
  if (std::filesystem::exists(std::filesystem::symlink_status(file, ignored)) && !force) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{} exists already; choose another name, or replace it with --force", file.string()));
  }
  if (is_device_or_pipe(file)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} is a device or a pipe; a file name is needed", file.string()));
  }
  if (::access(parent.c_str(), W_OK | X_OK) != 0) {
    throw Error(ErrorKind::kIo, fmt::format("{}: cannot be written: {}", parent.string(), std::strerror(errno)));
  }
}

void check_new_directory(const std::filesystem::path& directory, bool force) {
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(directory, ignored))) return;
  const bool is_directory = std::filesystem::is_directory(directory, ignored);
  if (is_directory && (force || std::filesystem::is_empty(directory, ignored))) return;
  throw Error(ErrorKind::kAlreadyExists,
              is_directory ? fmt::format("{} exists already and is not empty; choose another name, or replace it with "
                                         "--force",
                                         directory.string())
                           : fmt::format("{} is a file; a directory is written here", directory.string()));
}

void check_not_of_model(const std::filesystem::path& file, const std::filesystem::path& model) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return;
  const std::filesystem::path resolved = resolve_path(file);
  const std::filesystem::path source = resolve_path(model);
  if (resolved != source && resolved.parent_path() != source) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("{} is a file of the model {}, which is only read; choose another name", file.string(),
                          model.string()));
}

void check_json_destination(const std::string& destination, const std::filesystem::path& input) {
  if (destination.empty() || destination == "-" || is_device_or_pipe(destination)) return;
  check_new_file(destination, true);
  check_not_of_model(destination, input);
}

std::string quote_command(const std::string& verb, const std::vector<std::string>& words) {
  constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  std::string command = "prunenet " + verb;
  for (const std::string& word : words) {
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      command += " " + word;
      continue;
    }
    command += " '";
    for (const char letter : word) command += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    command += "'";
  }
  return command;
}

}  // namespace prunenet::cli
