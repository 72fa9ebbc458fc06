#include "prunenet/checkpoint/gguf_metadata.h"

#include <fmt/format.h>

#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

class MetadataReader {
 public:
  MetadataReader(BoundedReader& reader, const std::string& where) : reader_(&reader), where_(&where) {}

  const std::string& key() {
    key_ = reader_->text("a metadata key", kMaxGgufKeyBytes);
    return key_;
  }

  /// The value of the key that was read last.
  GgufValue value() {
    const auto type = reader_->number<std::uint32_t>("a metadata type");
    return type == gguf_value::kArray ? array() : visit_type(type, [](auto read) -> GgufValue { return read(); });
  }

 private:
  [[noreturn]] void fail(ErrorKind kind, const std::string& why) const {
    throw Error(kind, fmt::format("{}: metadata '{}': {}", *where_, printable(key_), why));
  }

  template <typename Stored, typename Widened>
  Widened widened() {
    return static_cast<Widened>(reader_->number<Stored>("a metadata value"));
  }

  bool boolean() {
    const auto byte = reader_->number<std::uint8_t>("a metadata value");
    if (byte > 1) fail(ErrorKind::kBadInput, fmt::format("{} is not a boolean", byte));
    return byte == 1;
  }

  /// Calls `use` with a function that reads one value of that type.
  template <typename Use>
  GgufValue visit_type(std::uint32_t type, Use use) {
    switch (type) {
      case gguf_value::kUint8:
        return use([this] { return widened<std::uint8_t, std::uint64_t>(); });
      case gguf_value::kInt8:
        return use([this] { return widened<std::int8_t, std::int64_t>(); });
      case gguf_value::kUint16:
        return use([this] { return widened<std::uint16_t, std::uint64_t>(); });
      case gguf_value::kInt16:
        return use([this] { return widened<std::int16_t, std::int64_t>(); });
      case gguf_value::kUint32:
        return use([this] { return widened<std::uint32_t, std::uint64_t>(); });
      case gguf_value::kInt32:
        return use([this] { return widened<std::int32_t, std::int64_t>(); });
      case gguf_value::kUint64:
        return use([this] { return widened<std::uint64_t, std::uint64_t>(); });
      case gguf_value::kInt64:
        return use([this] { return widened<std::int64_t, std::int64_t>(); });
      case gguf_value::kFloat32:
        return use([this] { return widened<float, double>(); });
      case gguf_value::kFloat64:
        return use([this] { return widened<double, double>(); });
      case gguf_value::kBool:
        return use([this] { return boolean(); });
      case gguf_value::kString:
        return use([this] { return reader_->text("a metadata text", kMaxGgufTextBytes); });
      case gguf_value::kArray:
        fail(ErrorKind::kUnsupported, "an array of arrays");
      default:
        fail(ErrorKind::kBadInput, fmt::format("unknown value type {}", type));
    }
  }

  GgufValue array() {
    const auto type = reader_->number<std::uint32_t>("an array's type");
    const std::uint64_t count = reader_->count("an array's length", least_bytes(type), kMaxGgufArray);
    return visit_type(type, [count](auto read) -> GgufValue {
      std::vector<decltype(read())> values;
      values.reserve(count);
      for (std::uint64_t i = 0; i < count; ++i) values.push_back(read());
      return values;
    });
  }

  /// Bytes that one value takes in the file, at least; a text starts with its u64 length.
  static std::uint64_t least_bytes(std::uint32_t type) {
    switch (type) {
      case gguf_value::kUint16:
      case gguf_value::kInt16:
        return 2;
      case gguf_value::kUint32:
      case gguf_value::kInt32:
      case gguf_value::kFloat32:
        return 4;
      case gguf_value::kUint64:
      case gguf_value::kInt64:
      case gguf_value::kFloat64:
      case gguf_value::kString:
        return 8;
      default:
        return 1;
    }
  }

  BoundedReader* reader_;
  const std::string* where_;
  std::string key_;
};

}  // namespace

GgufMetadataTable read_gguf_metadata(BoundedReader& reader, std::uint64_t count, const std::string& where) {
  MetadataReader metadata_reader(reader, where);
  GgufMetadataTable table;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string key = metadata_reader.key();
    const std::uint64_t begin = reader.position();
    if (!table.values.emplace(key, metadata_reader.value()).second) {
      throw Error(ErrorKind::kBadInput, fmt::format("{}: metadata '{}' stands twice", where, printable(key)));
    }
    table.places.push_back({key, begin, reader.position()});
  }
  return table;
}

}  // namespace prunenet
