#include "prunenet/checkpoint/safetensors_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

using nlohmann::json;

struct Entry {
  std::string name;
  TensorInfo info;
  std::uint64_t begin = 0;  ///< from the end of the header
  std::uint64_t end = 0;
};

/// The header's levels: the object, an entry, its shape.
constexpr int kHeaderDepth = 3;

std::uint64_t read_header_length(const InputFile& file) {
  const std::string where = file.path().string();
  if (file.size() < 8) reject(where, fmt::format("{} bytes is too short for a safetensors file", file.size()));
  const std::vector<std::byte> bytes = file.read(0, 8);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  if (length > kMaxSafetensorsHeader) {
    reject(where, fmt::format("not a safetensors file: header of {} bytes, at most {} are allowed", length,
                              kMaxSafetensorsHeader));
  }
  if (8 + length > file.size()) {
    reject(where, fmt::format("truncated: header of {} bytes, but the file has {}", length, file.size()));
  }
  return length;
}

std::map<std::string, std::string> parse_metadata(const json& value, const std::string& where) {
  if (!value.is_object()) reject(where, "__metadata__ is not an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) reject(where, fmt::format("__metadata__ '{}' is not a string", printable(key)));
    metadata.emplace(key, text.get<std::string>());
  }
  return metadata;
}

/// A JSON array of non-negative integers.
std::vector<std::uint64_t> parse_integers(const json& value, const std::string& where, const char* field) {
  if (!value.is_array()) reject(where, fmt::format("{} is not an array", field));
  std::vector<std::uint64_t> integers;
  for (const json& item : value) {
    if (!item.is_number_unsigned()) {
      reject(where, fmt::format("{} holds {}, not a non-negative integer", field, printable_json(item, 40)));
    }
    integers.push_back(item.get<std::uint64_t>());
  }
  return integers;
}

Dtype parse_entry_dtype(const json& value, const std::string& where) {
  if (!value.is_string()) reject(where, "dtype is not a string");
  const auto& name = value.get_ref<const std::string&>();
  const auto dtype = parse_dtype(name);
  if (!dtype) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("{}: element type '{}' is not known here", where, printable(name)));
  }
  return *dtype;
}

Entry parse_entry(const std::string& name, const json& value, const std::string& where) {
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets")) {
    reject(where, "the header entry must have exactly dtype, shape and data_offsets");
  }
  Entry entry;
  entry.name = name;
  entry.info.dtype = parse_entry_dtype(value["dtype"], where);
  for (const std::uint64_t extent : parse_integers(value["shape"], where, "shape")) {
    if (extent > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      reject(where, fmt::format("shape holds {}, which is too large", extent));
    }
    entry.info.shape.push_back(static_cast<std::int64_t>(extent));
  }
  const auto offsets = parse_integers(value["data_offsets"], where, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    reject(where, fmt::format("data_offsets {} is not a begin and an end", printable_json(value["data_offsets"])));
  }
  entry.begin = offsets[0];
  entry.end = offsets[1];
  const auto bytes = checked_bytes(entry.info.dtype, entry.info.shape);
  if (!bytes || *bytes != entry.end - entry.begin) {
    reject(where, fmt::format("{} {} needs {} bytes, data_offsets give {}", to_string(entry.info.dtype),
                              printable(entry.info.shape), bytes ? fmt::format("{}", *bytes) : "more than 2^64",
                              entry.end - entry.begin));
  }
  entry.info.bytes = *bytes;
  return entry;
}

/// Sorts by offset; then each tensor must start where the one before ends, and the last end with the file.
void check_layout(std::vector<Entry>& entries, std::uint64_t data_bytes, const std::string& where) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t position = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != position) {
      reject(where, fmt::format("tensor '{}': starts at byte {} of the data, {} is where the one before ends ({})",
                                printable(entry.name), entry.begin, position,
                                entry.begin > position ? "a gap" : "an overlap"));
    }
    position = entry.end;
  }
  if (position != data_bytes) {
    reject(where, fmt::format("{}: the header describes {} bytes of tensors, the file has {}",
                              position > data_bytes ? "truncated" : "too long", position, data_bytes));
  }
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  SafetensorsFile result{InputFile(path)};
  const std::string where = path.string();
  const std::uint64_t header_length = read_header_length(result.file_);
  const std::vector<std::byte> header = result.file_.read(8, header_length);
  const std::string_view text(reinterpret_cast<const char*>(header.data()), header.size());
  const json document = parse_json_object(text, where + ": header", kHeaderDepth);
  result.header_bytes_ = 8 + header_length;
  std::vector<Entry> entries;
  for (const auto& [name, value] : document.items()) {
    if (name == "__metadata__") {
      result.metadata_ = parse_metadata(value, where);
    } else {
      entries.push_back(parse_entry(name, value, fmt::format("{}: tensor '{}'", where, printable(name))));
    }
  }
  check_layout(entries, result.file_.size() - 8 - header_length, where);
  for (Entry& entry : entries) {
    result.names_.push_back(entry.name);
    result.offsets_.emplace(entry.name, result.header_bytes_ + entry.begin);
    result.tensors_.emplace(std::move(entry.name), std::move(entry.info));
  }
  return result;
}

FileRange SafetensorsFile::range_of(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    reject(path().string(), fmt::format("there is no tensor '{}'", printable(name)));
  }
  return {offsets_.at(name), found->second.bytes};
}

HostTensor SafetensorsFile::read(const std::string& name) const {
  const FileRange range = range_of(name);
  return {tensors_.at(name), file_.read(range.offset, range.bytes)};
}

}  // namespace prunenet
