#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "prunenet/checkpoint/dequantize.h"
#include "prunenet/checkpoint/gguf_pairs.h"
#include "prunenet/core/output_file.h"

namespace prunenet {

/// A tensor to be written.
struct GgufDeclaration {
  std::string name;
  GgufType type = GgufType::kF32;
  std::vector<std::int64_t> shape;  ///< outermost first
};

/// Bytes of such a tensor. The one place that knows; the reader asks here, too. Throws Error(kInvalidArgument) where
/// the rows do not divide into blocks, an extent is negative or the size goes beyond 63 bits.
[[nodiscard]] std::uint64_t gguf_bytes(GgufType type, std::span<const std::int64_t> shape);

/// What stands before the tensors' data, and where they lie. Version 3, alignment 32.
class GgufLayout {
 public:
  /// Throws Error(kInvalidArgument) for names that stand twice, that are longer than 63 bytes (which readers refuse), a
  /// rank above 4, and as `gguf_bytes`.
  GgufLayout(const GgufPairs& metadata, std::vector<GgufDeclaration> tensors);

  [[nodiscard]] const std::vector<GgufDeclaration>& tensors() const { return tensors_; }
  /// Everything up to the first tensor, padding included.
  [[nodiscard]] const std::vector<std::byte>& header() const { return header_; }
  [[nodiscard]] std::uint64_t file_bytes() const { return header_.size() + data_bytes_; }

 private:
  std::vector<GgufDeclaration> tensors_;
  std::vector<std::byte> header_;
  std::uint64_t data_bytes_ = 0;
};

/// Writes one GGUF file tensor by tensor: complete or absent. Throws what OutputFile throws.
class GgufWriter {
 public:
  /// Throws Error(kOutOfSpace) before the first byte where the disk has no room for all of them.
  GgufWriter(const std::filesystem::path& path, GgufLayout layout);

  /// In the order of `layout.tensors()`. Throws Error(kInvalidArgument) for another name or size than the next one's.
  void write(const std::string& name, std::span<const std::byte> bytes);
  /// Throws Error(kInvalidArgument) where tensors are missing; then fsync, and the file has its name. Before that, what
  /// was written is shown to `check`: where it throws, no file stays.
  void finish(const std::function<void(const std::filesystem::path&)>& check = {});

 private:
  GgufLayout layout_;
  OutputFile file_;
  std::size_t next_ = 0;
};

}  // namespace prunenet
