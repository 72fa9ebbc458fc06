#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "prunenet/core/progress.h"

namespace prunenet {

/// SHA-256 of bytes that arrive in pieces (OpenSSL's).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::span<const std::byte> bytes);
  /// Lower-case hexadecimal digest; the object cannot be updated after it.
  [[nodiscard]] std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

[[nodiscard]] std::string sha256_hex(std::span<const std::byte> bytes);

/// Of a file's content, read in pieces; advances by its bytes. Throws what `InputFile` throws.
[[nodiscard]] std::string sha256_file(const std::filesystem::path& path, Progress& progress);
[[nodiscard]] std::string sha256_file(const std::filesystem::path& path);

}  // namespace prunenet
