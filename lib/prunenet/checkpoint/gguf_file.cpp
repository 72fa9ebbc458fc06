#include "prunenet/checkpoint/gguf_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <new>

#include "prunenet/checkpoint/bounded_reader.h"
#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/checkpoint/gguf_metadata.h"
#include "prunenet/checkpoint/gguf_writer.h"
#include "prunenet/core/checked.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kMaxTensors = 1ULL << 20U;
constexpr std::uint64_t kMaxMetadata = 1ULL << 16U;

std::uint32_t read_version(BoundedReader& reader, const std::string& where) {
  if (reader.left() < 8 || reader.number<std::uint32_t>("the magic") != kGgufMagic) reject(where, "not a GGUF file");
  const auto version = reader.number<std::uint32_t>("the version");
  if (version == 2 || version == 3) return version;
  throw Error(ErrorKind::kUnsupported,
              (version & 0xFFFFU) == 0 ? fmt::format("{}: big-endian GGUF; convert it to little endian first", where)
                                       : fmt::format("{}: GGUF version {}, but 2 and 3 are read here", where, version));
}

/// Fills elements and bytes from type and shape.
void set_size(GgufTensorInfo& info, const std::string& where) {
  try {
    info.bytes = gguf_bytes(info.type, info.shape);
  } catch (const Error& error) {
    reject(where, error.what());
  }
  info.elements = *checked_product(info.shape);
}

GgufTensorInfo read_tensor_info(BoundedReader& reader, const std::string& where) {
  GgufTensorInfo info;
  const auto rank = reader.number<std::uint32_t>("a tensor's rank");
  if (rank > kGgufMaxRank) reject(where, fmt::format("rank {}, at most {} is allowed", rank, kGgufMaxRank));
  for (std::uint32_t i = 0; i < rank; ++i) {
    const auto extent = reader.number<std::uint64_t>("a tensor's shape");
    if (extent > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      reject(where, fmt::format("an extent of {} is too large", extent));
    }
    info.shape.insert(info.shape.begin(), static_cast<std::int64_t>(extent));
  }
  const auto type = reader.number<std::uint32_t>("a tensor's type");
  if (find_gguf_block(type) == nullptr) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("{}: GGUF type {} is not read here; F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, "
                            "Q5_K and Q6_K are",
                            where, type));
  }
  info.type = GgufType{type};
  info.offset = reader.number<std::uint64_t>("a tensor's offset");
  set_size(info, where);
  return info;
}

std::uint64_t alignment_of(const std::map<std::string, GgufValue>& metadata, const std::string& where) {
  const auto found = metadata.find(kGgufAlignmentKey);
  if (found == metadata.end()) return kGgufDefaultAlignment;
  const auto* const alignment = std::get_if<std::uint64_t>(&found->second);
  if (alignment == nullptr || !std::has_single_bit(*alignment) || *alignment > (1ULL << 30U)) {
    reject(where, "general.alignment is not a power of two");
  }
  return *alignment;
}

/// Turns offsets into positions in the file, and checks that each tensor lies there, alone.
void place_tensors(std::map<std::string, GgufTensorInfo>& tensors, std::uint64_t header_end, std::uint64_t alignment,
                   std::uint64_t file_bytes, const std::string& where) {
  const std::uint64_t data_start = (header_end + alignment - 1) / alignment * alignment;
  std::vector<std::pair<const std::string, GgufTensorInfo>*> in_order;
  for (auto& item : tensors) {
    GgufTensorInfo& info = item.second;
    const std::string tensor = fmt::format("{}: tensor '{}'", where, printable(item.first));
    if (info.offset % alignment != 0) {
      reject(tensor, fmt::format("offset {} is not a multiple of the alignment {}", info.offset, alignment));
    }
    const auto start = checked_add(data_start, info.offset);
    const auto end = start ? checked_add(*start, info.bytes) : std::nullopt;
    if (!end || *end > file_bytes) {
      reject(tensor, fmt::format("truncated: {} bytes at offset {} of the data, the file has {} bytes after byte {}",
                                 info.bytes, info.offset, file_bytes - std::min(file_bytes, data_start), data_start));
    }
    info.offset = *start;
    if (info.bytes > 0) in_order.push_back(&item);
  }
  std::ranges::sort(in_order, {}, [](const auto* item) { return item->second.offset; });
  for (std::size_t i = 1; i < in_order.size(); ++i) {
    const auto& [name, info] = *in_order[i - 1];
    if (info.offset + info.bytes > in_order[i]->second.offset) {
      reject(where, fmt::format("tensors '{}' and '{}' overlap", printable(name), printable(in_order[i]->first)));
    }
  }
}

}  // namespace

bool is_gguf_path(const std::filesystem::path& path) {
  std::error_code ignored;
  return path.extension() == ".gguf" && !std::filesystem::is_directory(path, ignored);
}

GgufFile GgufFile::open(const std::filesystem::path& path) {
  GgufFile result{InputFile(path)};
  const std::string where = path.string();
  BoundedReader reader(result.file_);
  result.version_ = read_version(reader, where);
  // A tensor takes at least its name's length, rank, type and offset; a pair its key's length, type and value.
  const std::uint64_t tensor_count = reader.count("the number of tensors", 24, kMaxTensors);
  const std::uint64_t metadata_count = reader.count("the number of metadata pairs", 13, kMaxMetadata);
  GgufMetadataTable table = read_gguf_metadata(reader, metadata_count, where);
  result.metadata_ = std::move(table.values);
  result.places_ = std::move(table.places);
  for (std::uint64_t i = 0; i < tensor_count; ++i) {
    const std::string name = reader.text("a tensor's name", kMaxGgufKeyBytes);
    const std::string tensor = fmt::format("{}: tensor '{}'", where, printable(name));
    if (!result.tensors_.emplace(name, read_tensor_info(reader, tensor)).second) reject(tensor, "stands twice");
    result.names_.push_back(name);
  }
  place_tensors(result.tensors_, reader.position(), alignment_of(result.metadata_, where), result.file_.size(), where);
  return result;
}

const GgufTensorInfo& GgufFile::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) reject(path().string(), fmt::format("there is no tensor '{}'", printable(name)));
  return found->second;
}

std::vector<std::string> GgufFile::keys() const {
  std::vector<std::string> keys;
  keys.reserve(places_.size());
  for (const GgufValuePlace& place : places_) keys.push_back(place.key);
  return keys;
}

std::vector<std::byte> GgufFile::raw_value(const std::string& key) const {
  static_cast<void>(value(key));
  const auto place = std::ranges::find(places_, key, &GgufValuePlace::key);
  return file_.read(place->begin, place->end - place->begin);
}

std::vector<std::byte> GgufFile::read_blocks(const std::string& name) const {
  const GgufTensorInfo& info = tensor(name);
  return file_.read(info.offset, info.bytes);
}

std::vector<float> GgufFile::read(const std::string& name) const {
  const GgufTensorInfo& info = tensor(name);
  const std::vector<std::byte> blocks = read_blocks(name);
  std::vector<float> values;
  try {
    values.resize(info.elements);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kOutOfSpace, fmt::format("{}: tensor '{}': not enough memory for {} values", path().string(),
                                                    printable(name), info.elements));
  }
  dequantize(info.type, blocks, values);
  return values;
}

const GgufValue& GgufFile::value(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) {
    reject(path().string(), fmt::format("metadata '{}' is missing", printable(key)));
  }
  return found->second;
}

}  // namespace prunenet
