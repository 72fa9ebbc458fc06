#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/dtype.h"

namespace prunenet {

/// Tensors that an output has in place of what is left of the input's: F32 in a safetensors file, by the output's names
/// and of its shapes.
class Replacements {
 public:
  /// None for an empty path. Throws what SafetensorsFile::open throws.
  explicit Replacements(const std::filesystem::path& file);

  [[nodiscard]] bool has(const std::string& name) const { return file_ && file_->tensors().contains(name); }
  /// Asked for every tensor of the output, then `require_all_used`. Throws Error(kMismatch) with both shapes.
  void require_shape(const std::string& name, const std::vector<std::int64_t>& shape);
  /// Throws Error(kMismatch) naming one that the output has no tensor for.
  void require_all_used() const;

  /// `count` numbers from number `first` on.
  [[nodiscard]] std::vector<float> numbers(const std::string& name, std::uint64_t first, std::uint64_t count) const;
  /// All of them.
  [[nodiscard]] std::vector<float> numbers(const std::string& name) const;

 private:
  std::optional<SafetensorsFile> file_;
  std::size_t used_ = 0;
};

/// Rounded to a computable type. Throws Error(kNumerical) naming the tensor and the first number, counted from `first`,
/// that is not finite then.
[[nodiscard]] std::vector<std::byte> rounded_to(Dtype dtype, std::span<const float> values, const std::string& name,
                                                std::uint64_t first = 0);

/// Throws likewise where one of the numbers is not finite as `stored`, in a type of that name.
void require_finite(std::span<const float> stored, std::span<const float> values, const std::string& name,
                    std::string_view type, std::uint64_t first = 0);

}  // namespace prunenet
