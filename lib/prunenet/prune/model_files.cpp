#include "prunenet/prune/model_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 18> kWeightExtensions{
    ".safetensors", ".bin", ".gguf", ".ggml", ".h5",     ".msgpack", ".pt",     ".pth", ".ckpt",
    ".onnx",        ".ot",  ".pkl",  ".npz",  ".tflite", ".mlmodel", ".pickle", ".npy", ".tmp"};
constexpr std::uint64_t kMaxCardBytes = 16ULL << 20U;
constexpr std::string_view kIndexEnding = ".index.json";
constexpr std::array<std::string_view, 3> kWrittenAnew{kConfigFile, kCardFile, kRecordFile};
/// Where transformers keeps further chat templates.
constexpr const char* kTemplateFolder = "additional_chat_templates";

bool goes_along(const std::string& name) {
  const std::string extension = fs::path(name).extension().string();
  return name.front() != '.' && std::ranges::find(kWrittenAnew, name) == kWrittenAnew.end() &&
         std::ranges::find(kWeightExtensions, extension) == kWeightExtensions.end() &&
         !std::string_view(name).ends_with(kIndexEnding);
}

void collect(const fs::path& directory, const fs::path& folder, std::vector<CompanionFile>& files) {
  std::error_code status;
  for (const fs::directory_entry& item : fs::directory_iterator(directory / folder, status)) {
    std::error_code ignored;
    if (!item.is_regular_file(ignored) || !goes_along(item.path().filename().string())) continue;
    files.push_back({folder / item.path().filename(), item.file_size(ignored)});
  }
}

}  // namespace

std::vector<CompanionFile> companion_files(const fs::path& directory) {
  std::vector<CompanionFile> files;
  collect(directory, {}, files);
  collect(directory, kTemplateFolder, files);
  std::ranges::sort(files, {}, &CompanionFile::name);
  return files;
}

void copy_companions(const fs::path& from, const fs::path& to, const std::vector<CompanionFile>& files) {
  for (const CompanionFile& file : files) {
    std::error_code status;
    fs::create_directories((to / file.name).parent_path(), status);  // where it fails, so does the copy, and says why
    copy_file_durably(from / file.name, to / file.name);
  }
}

std::vector<std::string> weight_files(const Checkpoint& checkpoint) {
  std::vector<std::string> names = checkpoint.shards();
  if (checkpoint.is_sharded()) names.emplace_back(kIndexFile);
  return names;
}

std::vector<std::string> input_files(const Checkpoint& checkpoint) {
  std::vector<std::string> names = weight_files(checkpoint);
  names.emplace_back(kConfigFile);
  std::error_code ignored;
  if (fs::is_regular_file(checkpoint.directory() / kCardFile, ignored)) names.emplace_back(kCardFile);
  for (const CompanionFile& file : companion_files(checkpoint.directory())) names.push_back(file.name.string());
  return names;
}

std::vector<std::string> files_below(const fs::path& directory) {
  std::vector<std::string> names;
  for (const fs::directory_entry& item : fs::recursive_directory_iterator(directory)) {
    if (item.is_directory() && !item.is_symlink()) continue;
    names.push_back(item.path().lexically_relative(directory).string());
  }
  std::ranges::sort(names);
  return names;
}

std::string original_card(const fs::path& directory) {
  std::error_code ignored;
  if (!fs::is_regular_file(directory / kCardFile, ignored)) return {};
  return read_text_file(directory / kCardFile, kMaxCardBytes);
}

std::string config_with_width(const fs::path& config_file, const std::string& width_field, std::int64_t width) {
  auto config = parse_ordered_json_object(read_text_file(config_file), config_file.string());
  config[width_field] = width;
  return config.dump(2) + "\n";
}

}  // namespace prunenet
