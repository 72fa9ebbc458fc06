#include "prunenet/checkpoint/gguf_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/checked.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

constexpr std::uint32_t kGgufVersion = 3;
constexpr std::size_t kMaxGgufName = 63;  // what llama.cpp reads

[[noreturn]] void refuse_gguf(const std::string& why) {
  throw Error(ErrorKind::kInvalidArgument, why);
}

std::uint64_t padded(std::uint64_t bytes) {
  return (bytes + kGgufDefaultAlignment - 1) / kGgufDefaultAlignment * kGgufDefaultAlignment;
}

void check_gguf_names(const std::vector<GgufDeclaration>& tensors) {
  std::set<std::string_view> seen;
  for (const GgufDeclaration& tensor : tensors) {
    if (!seen.insert(tensor.name).second)
      refuse_gguf(fmt::format("two tensors are called '{}'", printable(tensor.name)));
    if (tensor.name.size() > kMaxGgufName) {
      refuse_gguf(fmt::format("tensor name '{}' has {} bytes, at most {} are read", printable(tensor.name),
                              tensor.name.size(), kMaxGgufName));
    }
    if (tensor.shape.size() > kGgufMaxRank) {
      refuse_gguf(fmt::format("tensor '{}' has rank {}, at most {} is read", printable(tensor.name),
                              tensor.shape.size(), kGgufMaxRank));
    }
  }
}

/// The path, once its disk is known to have that many bytes free.
const std::filesystem::path& with_room(const std::filesystem::path& path, std::uint64_t bytes) {
  check_free_space(resolve_path(path), bytes);
  return path;
}

}  // namespace

std::uint64_t gguf_bytes(GgufType type, std::span<const std::int64_t> shape) {
  const GgufBlock& block = gguf_block(type);
  const auto too_large = [shape]() { refuse_gguf(fmt::format("shape {} is negative or too large", printable(shape))); };
  const auto elements = checked_product(shape);
  if (!elements || *elements > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) too_large();
  const std::int64_t row = shape.empty() ? 1 : shape.back();
  if (row % block.elements != 0) {
    refuse_gguf(fmt::format("rows of {} values do not divide into {} blocks of {}", row, block.name, block.elements));
  }
  const auto bytes = checked_multiply(*elements / block.elements, block.bytes);
  if (!bytes) too_large();
  return *bytes;
}

GgufLayout::GgufLayout(const GgufPairs& metadata, std::vector<GgufDeclaration> tensors) : tensors_(std::move(tensors)) {
  check_gguf_names(tensors_);
  GgufByteBuffer bytes;
  bytes.number(kGgufMagic).number(kGgufVersion);
  bytes.number<std::uint64_t>(tensors_.size()).number<std::uint64_t>(metadata.pairs().size());
  for (const auto& [key, value] : metadata.pairs()) bytes.text(key).raw(value);
  for (const GgufDeclaration& tensor : tensors_) {
    bytes.text(tensor.name).number(static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto extent = tensor.shape.rbegin(); extent != tensor.shape.rend(); ++extent) {
      bytes.number(static_cast<std::uint64_t>(*extent));
    }
    bytes.number(static_cast<std::uint32_t>(tensor.type)).number(data_bytes_);
    data_bytes_ += padded(gguf_bytes(tensor.type, tensor.shape));
  }
  header_ = bytes.take();
  header_.resize(padded(header_.size()));
}

GgufWriter::GgufWriter(const std::filesystem::path& path, GgufLayout layout)
    : layout_(std::move(layout)), file_(with_room(path, layout_.file_bytes())) {
  file_.write(layout_.header());
}

void GgufWriter::write(const std::string& name, std::span<const std::byte> bytes) {
  if (next_ == layout_.tensors().size()) refuse_gguf(fmt::format("tensor '{}' was not declared", printable(name)));
  const GgufDeclaration& expected = layout_.tensors()[next_];
  const std::uint64_t size = gguf_bytes(expected.type, expected.shape);
  if (name != expected.name || bytes.size() != size) {
    refuse_gguf(fmt::format("tensor '{}' of {} bytes was written where '{}' of {} bytes comes next", printable(name),
                            bytes.size(), printable(expected.name), size));
  }
  file_.write(bytes);
  file_.write(std::vector<std::byte>(padded(size) - size));
  ++next_;
}

void GgufWriter::finish(const std::function<void(const std::filesystem::path&)>& check) {
  if (next_ != layout_.tensors().size()) {
    refuse_gguf(fmt::format("{} of {} tensors were written", next_, layout_.tensors().size()));
  }
  file_.finish(check);
}

}  // namespace prunenet
