#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "prunenet/checkpoint/tensor.h"
#include "prunenet/core/input_file.h"
#include "prunenet/core/range_reader.h"

namespace prunenet {

/// The largest header a safetensors file may have; the format's own limit.
inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

/// One safetensors file: u64 header length, a JSON header of names, types, shapes and offsets, then the bytes.
/// https://github.com/huggingface/safetensors#format
///
/// `open` accepts a file only if the header is UTF-8, one JSON object without duplicate keys, every entry has exactly
/// dtype, shape and data_offsets, each tensor's size is its shape's, and the tensors fill the file without gap or
/// overlap. Reading is const and thread-safe. The values themselves are not looked at.
class SafetensorsFile {
 public:
  /// Throws Error(kBadInput) naming file, tensor and numbers, Error(kUnsupported) naming an unknown element type.
  [[nodiscard]] static SafetensorsFile open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  [[nodiscard]] std::uint64_t file_bytes() const { return file_.size(); }
  [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  /// Names in the order in which the tensors lie in the file.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// `__metadata__`; empty where the file has none.
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// The file itself, and what its header takes: its length and its JSON.
  [[nodiscard]] const InputFile& file() const { return file_; }
  [[nodiscard]] std::uint64_t header_bytes() const { return header_bytes_; }
  /// Where a tensor's bytes lie. Throws Error(kBadInput) where there is none of that name.
  [[nodiscard]] FileRange range_of(const std::string& name) const;
  /// One tensor, byte for byte. Throws as `range_of`.
  [[nodiscard]] HostTensor read(const std::string& name) const;

 private:
  explicit SafetensorsFile(InputFile file) : file_(std::move(file)) {}

  InputFile file_;
  std::uint64_t header_bytes_ = 0;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::uint64_t> offsets_;  ///< from the start of the file
  std::vector<std::string> names_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace prunenet
