#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "prunenet/checkpoint/tensor.h"
#include "prunenet/core/output_file.h"

namespace prunenet {

/// A tensor to be written.
struct TensorDeclaration {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
};

/// Bytes of a declared tensor. Throws Error(kInvalidArgument) for a negative extent or a product beyond 64 bits.
[[nodiscard]] std::uint64_t bytes_of(const TensorDeclaration& tensor);

/// How tensors lie in a file, each aligned to its element size, which some readers need:
/// - `kBySize`: by element size, largest first, otherwise as declared;
/// - `kAsDeclared`: where they are made in that order, and their sizes see to it.
enum class TensorOrder { kBySize, kAsDeclared };

/// The header of a file and the order of its tensors, before a byte is written. The header starts with `{` and is
/// padded with spaces to a multiple of 8.
class SafetensorsLayout {
 public:
  /// Throws Error(kInvalidArgument) for a duplicate or reserved name, text that is not UTF-8, a header beyond the
  /// format's limit, a tensor that the order does not align.
  explicit SafetensorsLayout(std::vector<TensorDeclaration> tensors, const std::map<std::string, std::string>& metadata,
                             TensorOrder order = TensorOrder::kBySize);

  /// In the order in which they must be written.
  [[nodiscard]] const std::vector<TensorDeclaration>& tensors() const { return tensors_; }
  /// Length (8 bytes) and JSON, as they start the file.
  [[nodiscard]] const std::string& header() const { return header_; }
  /// Of the tensors alone, and of the whole file.
  [[nodiscard]] std::uint64_t data_bytes() const { return data_bytes_; }
  [[nodiscard]] std::uint64_t file_bytes() const { return header_.size() + data_bytes_; }

 private:
  std::vector<TensorDeclaration> tensors_;
  std::string header_;
  std::uint64_t data_bytes_ = 0;
};

/// Bytes of the file that these would become.
[[nodiscard]] std::uint64_t serialized_size(const std::vector<TensorDeclaration>& tensors,
                                            const std::map<std::string, std::string>& metadata);

/// Writes one safetensors file tensor by tensor, complete or absent; nothing but the current piece is in memory.
/// Throws what OutputFile throws.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::filesystem::path& path, SafetensorsLayout layout);

  /// In the order of `layout.tensors()`. Throws Error(kInvalidArgument) for another name or size than the next one's.
  void write(const std::string& name, std::span<const std::byte> bytes);
  /// The next bytes of that tensor, in pieces of any size; tensors without elements need no call. Throws as `write`,
  /// for another name than that of the tensor whose turn it is and for more bytes than it has.
  void append(const std::string& name, std::span<const std::byte> bytes);
  /// Throws Error(kInvalidArgument) where tensors are missing; then fsync and close.
  void finish();

 private:
  /// The tensor whose turn it is, for one of this name.
  [[nodiscard]] const TensorDeclaration& next_declared(const std::string& name) const;
  void skip_empty();

  SafetensorsLayout layout_;
  OutputFile file_;
  std::size_t next_ = 0;
  std::uint64_t appended_ = 0;  ///< bytes of the next tensor
};

/// A whole file from memory: for policies and other small files. Each tensor's `info.bytes` is not looked at; its data
/// must be as long as its type and shape say.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, HostTensor>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace prunenet
