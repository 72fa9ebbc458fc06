#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "prunenet/checkpoint/dequantize.h"
#include "prunenet/core/input_file.h"

namespace prunenet {

/// Whether a path is meant as a GGUF file: its name ends in .gguf, and it is no directory.
[[nodiscard]] bool is_gguf_path(const std::filesystem::path& path);

/// A metadata value: integers and floats of every width are widened; arrays are of one such kind.
using GgufValue =
    std::variant<bool, std::uint64_t, std::int64_t, double, std::string, std::vector<bool>, std::vector<std::uint64_t>,
                 std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;

/// Where a metadata value lies in its file, its type before it.
struct GgufValuePlace {
  std::string key;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// What a GGUF file says of one tensor.
struct GgufTensorInfo {
  GgufType type = GgufType::kF32;
  std::vector<std::int64_t> shape;  ///< outermost first, as in a safetensors file (GGUF itself stores it reversed)
  std::uint64_t elements = 0;
  std::uint64_t offset = 0;  ///< from the start of the file
  std::uint64_t bytes = 0;
};

/// One GGUF file, version 2 or 3, little endian: typed metadata, tensor descriptions, then aligned tensor data.
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
///
/// `open` bounds every count and length before it allocates, and checks that no key or tensor stands twice, that the
/// alignment is a power of two, and that the tensors lie aligned inside the file without overlap.
/// Reading is const and thread-safe.
class GgufFile {
 public:
  /// Throws Error(kBadInput) naming file, position or tensor, and numbers; Error(kUnsupported) for another version,
  /// big-endian files and tensor types that are not read here.
  [[nodiscard]] static GgufFile open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] const std::map<std::string, GgufValue>& metadata() const { return metadata_; }
  [[nodiscard]] const std::map<std::string, GgufTensorInfo>& tensors() const { return tensors_; }
  [[nodiscard]] bool has(const std::string& key) const { return metadata_.contains(key); }
  /// Metadata keys and names of tensors in the file's order.
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  /// Metadata by key. Throw Error(kBadInput) where the key is missing or holds another kind of value; an integer may
  /// be stored signed or unsigned, a number also as an integer.
  [[nodiscard]] std::int64_t integer(const std::string& key) const;
  [[nodiscard]] double number(const std::string& key) const;
  [[nodiscard]] bool flag(const std::string& key) const;
  [[nodiscard]] const std::string& text(const std::string& key) const;
  [[nodiscard]] std::vector<std::int64_t> integers(const std::string& key) const;
  [[nodiscard]] std::vector<double> numbers(const std::string& key) const;
  [[nodiscard]] const std::vector<std::string>& texts(const std::string& key) const;

  /// A value with its type before it, byte for byte: what `GgufPairs::set_raw` takes. Throws Error(kBadInput) where the
  /// key is missing.
  [[nodiscard]] std::vector<std::byte> raw_value(const std::string& key) const;

  /// A tensor's description. Throws Error(kBadInput) where there is none of that name.
  [[nodiscard]] const GgufTensorInfo& tensor(const std::string& name) const;
  /// A tensor's values in row-major order, dequantised.
  [[nodiscard]] std::vector<float> read(const std::string& name) const;
  /// A tensor's blocks, byte for byte.
  [[nodiscard]] std::vector<std::byte> read_blocks(const std::string& name) const;

 private:
  explicit GgufFile(InputFile file) : file_(std::move(file)) {}
  [[nodiscard]] const GgufValue& value(const std::string& key) const;

  InputFile file_;
  std::uint32_t version_ = 0;
  std::map<std::string, GgufValue> metadata_;
  std::vector<GgufValuePlace> places_;
  std::map<std::string, GgufTensorInfo> tensors_;
  std::vector<std::string> names_;
};

}  // namespace prunenet
