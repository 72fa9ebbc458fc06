#include "prunenet/prune/replacements.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

Replacements::Replacements(const std::filesystem::path& file) {
  if (!file.empty()) file_ = SafetensorsFile::open(file);
}

void Replacements::require_shape(const std::string& name, const std::vector<std::int64_t>& shape) {
  if (!has(name)) return;
  const TensorInfo& info = file_->tensors().at(name);
  if (info.dtype != Dtype::kF32 || info.shape != shape) {
    throw Error(ErrorKind::kMismatch, fmt::format("the replacement of tensor '{}' is {} {}, but should be F32 {}", name,
                                                  to_string(info.dtype), printable(info.shape), printable(shape)));
  }
  ++used_;
}

void Replacements::require_all_used() const {
  if (file_ && used_ != file_->tensors().size()) {
    throw Error(ErrorKind::kMismatch,
                fmt::format("{} replacements of tensors, of which the output has {}", file_->tensors().size(), used_));
  }
}

std::vector<float> Replacements::numbers(const std::string& name, std::uint64_t first, std::uint64_t count) const {
  const FileRange range = file_->range_of(name);
  return to_floats(file_->file().read(range.offset + first * sizeof(float), count * sizeof(float)), Dtype::kF32);
}

std::vector<float> Replacements::numbers(const std::string& name) const {
  return numbers(name, 0, file_->tensors().at(name).bytes / sizeof(float));
}

void require_finite(std::span<const float> stored, std::span<const float> values, const std::string& name,
                    std::string_view type, std::uint64_t first) {
  const auto bad = std::ranges::find_if_not(stored, [](float value) { return std::isfinite(value); });
  if (bad == stored.end()) return;
  const auto index = static_cast<std::size_t>(bad - stored.begin());
  throw Error(ErrorKind::kNumerical,
              fmt::format("tensor '{}', element {}: {} is not a finite {}", name, first + index, values[index], type));
}

std::vector<std::byte> rounded_to(Dtype dtype, std::span<const float> values, const std::string& name,
                                  std::uint64_t first) {
  std::vector<std::byte> bytes = from_floats(values, dtype);
  require_finite(to_floats(bytes, dtype), values, name, to_string(dtype), first);
  return bytes;
}

}  // namespace prunenet
