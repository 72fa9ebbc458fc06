#include "prunenet/prune/compare_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

/// "0.125" of what is computed with, else the bytes.
std::string element_text(std::span<const std::byte> bytes, Dtype dtype) {
  std::string digits;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    digits += fmt::format("{:02x}", std::to_integer<unsigned>(*byte));
  }
  if (!is_computable(dtype)) return "0x" + digits;
  return fmt::format("{} (0x{})", to_floats(bytes, dtype).front(), digits);
}

std::vector<std::int64_t> position_of(std::size_t element, const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> position(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(shape[axis]);
    position[axis] = static_cast<std::int64_t>(element % extent);
    element /= extent;
  }
  return position;
}

}  // namespace

std::optional<SafetensorsFile> open_expected_shard(const std::filesystem::path& file, const Shard& expected,
                                                   Findings& findings) {
  std::optional<SafetensorsFile> opened;
  try {
    opened = SafetensorsFile::open(file);
  } catch (const Error& error) {
    findings.fails(expected.file, error);
    return opened;
  }
  std::vector<std::pair<std::string, std::string>> differences;
  std::set<std::string> names;
  for (const TensorDeclaration& tensor : expected.tensors) {
    names.insert(tensor.name);
    const auto found = opened->tensors().find(tensor.name);
    if (found == opened->tensors().end()) {
      differences.emplace_back(tensor.name, "is missing");
    } else if (found->second.dtype != tensor.dtype || found->second.shape != tensor.shape) {
      differences.emplace_back(
          tensor.name, fmt::format("is {} {}, but should be {} {}", to_string(found->second.dtype),
                                   printable(found->second.shape), to_string(tensor.dtype), printable(tensor.shape)));
    }
  }
  for (const std::string& name : opened->names()) {
    if (!names.contains(name)) differences.emplace_back(name, "does not belong here: the input has no such tensor");
  }
  if (opened->metadata() != expected.metadata) differences.emplace_back("", "its metadata are not the input's");
  for (const auto& [tensor, what] : differences) findings.fails(expected.file, tensor, what);
  if (differences.empty()) findings.holds();
  return opened;
}

std::optional<std::string> tensor_difference(const HostTensor& expected, const HostTensor& found, const Cut* cut) {
  if (expected.data == found.data) return std::nullopt;
  const std::size_t size = size_of(expected.info.dtype);
  const std::size_t elements = expected.data.size() / size;
  const auto element = [size](const HostTensor& tensor, std::size_t index) {
    return std::span(tensor.data).subspan(index * size, size);
  };
  std::size_t count = 0;
  std::size_t first = elements;
  for (std::size_t i = 0; i < elements; ++i) {
    if (std::ranges::equal(element(expected, i), element(found, i))) continue;
    first = std::min(first, i);
    ++count;
  }
  const std::vector<std::int64_t> position = position_of(first, expected.info.shape);
  std::string text = fmt::format("element {} is {}, but should be {}", printable(position),
                                 element_text(element(found, first), expected.info.dtype),
                                 element_text(element(expected, first), expected.info.dtype));
  if (cut != nullptr) {
    text += fmt::format(" ({} {} of the input)", cut->axis == 0 ? "row" : "column",
                        cut->keep[static_cast<std::size_t>(position[cut->axis])]);
  }
  return text + fmt::format("; {} of {} elements differ", count, elements);
}

std::optional<std::string> byte_difference(std::span<const std::byte> expected, std::span<const std::byte> found) {
  if (expected.size() != found.size()) {
    return fmt::format("{} bytes, but should be {}", found.size(), expected.size());
  }
  std::size_t count = 0;
  std::size_t first = expected.size();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == found[i]) continue;
    first = std::min(first, i);
    ++count;
  }
  if (count == 0) return std::nullopt;
  return fmt::format("byte {} is 0x{:02x}, but should be 0x{:02x}; {} of {} bytes differ", first,
                     std::to_integer<unsigned>(found[first]), std::to_integer<unsigned>(expected[first]), count,
                     expected.size());
}

std::optional<std::string> not_finite(std::span<const float> values) {
  const auto bad = std::ranges::find_if_not(values, [](float value) { return std::isfinite(value); });
  if (bad == values.end()) return std::nullopt;
  return fmt::format("has an element that is not finite: number {} is {}", bad - values.begin(), *bad);
}

}  // namespace prunenet
