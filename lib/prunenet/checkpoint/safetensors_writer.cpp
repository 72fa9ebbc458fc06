#include "prunenet/checkpoint/safetensors_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/checked.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::kInvalidArgument, "safetensors: " + why);
}

void check_names(const std::vector<TensorDeclaration>& tensors) {
  std::set<std::string_view> seen;
  for (const TensorDeclaration& tensor : tensors) {
    if (tensor.name == "__metadata__") refuse("a tensor cannot be called __metadata__");
    if (!seen.insert(tensor.name).second) refuse(fmt::format("two tensors are called '{}'", printable(tensor.name)));
  }
}

std::string framed_header(const nlohmann::ordered_json& document) {
  std::string text;
  try {
    text = document.dump();
  } catch (const nlohmann::json::exception&) {
    refuse("a tensor name or a metadata text is not UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kMaxSafetensorsHeader) {
    refuse(fmt::format("header of {} bytes, at most {} are allowed", text.size(), kMaxSafetensorsHeader));
  }
  const std::uint64_t length = text.size();
  std::string framed(sizeof(length), '\0');
  std::memcpy(framed.data(), &length, sizeof(length));
  return framed + text;
}

}  // namespace

std::uint64_t bytes_of(const TensorDeclaration& tensor) {
  const auto bytes = checked_bytes(tensor.dtype, tensor.shape);
  if (!bytes) {
    refuse(
        fmt::format("tensor '{}': shape {} is negative or too large", printable(tensor.name), printable(tensor.shape)));
  }
  return *bytes;
}

SafetensorsLayout::SafetensorsLayout(std::vector<TensorDeclaration> tensors,
                                     const std::map<std::string, std::string>& metadata, TensorOrder order)
    : tensors_(std::move(tensors)) {
  check_names(tensors_);
  if (order == TensorOrder::kBySize) {
    std::stable_sort(tensors_.begin(), tensors_.end(), [](const TensorDeclaration& a, const TensorDeclaration& b) {
      return size_of(a.dtype) > size_of(b.dtype);
    });
  }
  nlohmann::ordered_json document = nlohmann::ordered_json::object();
  if (!metadata.empty()) document["__metadata__"] = metadata;
  // ordered_json looks every key up; names are distinct, so entries are appended to its vector instead.
  auto& entries = document.get_ref<nlohmann::ordered_json::object_t&>();
  for (const TensorDeclaration& tensor : tensors_) {
    const auto end = checked_add(data_bytes_, bytes_of(tensor));
    if (!end) refuse("the tensors together are too large");
    if (data_bytes_ % size_of(tensor.dtype) != 0) {
      refuse(fmt::format("tensor '{}' would start at byte {}, inside an element", printable(tensor.name), data_bytes_));
    }
    nlohmann::ordered_json entry;
    entry["dtype"] = to_string(tensor.dtype);
    entry["shape"] = tensor.shape;
    entry["data_offsets"] = {data_bytes_, *end};
    entries.push_back({tensor.name, std::move(entry)});
    data_bytes_ = *end;
  }
  header_ = framed_header(document);
}

std::uint64_t serialized_size(const std::vector<TensorDeclaration>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  return SafetensorsLayout(tensors, metadata).file_bytes();
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path, SafetensorsLayout layout)
    : layout_(std::move(layout)), file_(path) {
  file_.write(std::as_bytes(std::span(layout_.header())));
}

const TensorDeclaration& SafetensorsWriter::next_declared(const std::string& name) const {
  if (next_ == layout_.tensors().size()) refuse(fmt::format("tensor '{}' was not declared", printable(name)));
  return layout_.tensors()[next_];
}

void SafetensorsWriter::write(const std::string& name, std::span<const std::byte> bytes) {
  const TensorDeclaration& expected = next_declared(name);
  if (name != expected.name || appended_ != 0 || bytes.size() != bytes_of(expected)) {
    refuse(fmt::format("tensor '{}' of {} bytes was written where '{}' of {} bytes comes next", printable(name),
                       bytes.size(), printable(expected.name), bytes_of(expected) - appended_));
  }
  file_.write(bytes);
  ++next_;
}

void SafetensorsWriter::append(const std::string& name, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  skip_empty();
  const TensorDeclaration& expected = next_declared(name);
  const std::uint64_t left = bytes_of(expected) - appended_;
  if (name != expected.name || bytes.size() > left) {
    refuse(fmt::format("{} bytes of tensor '{}' were written where {} of '{}' come next", bytes.size(), printable(name),
                       left, printable(expected.name)));
  }
  file_.write(bytes);
  appended_ += bytes.size();
  if (bytes.size() < left) return;
  ++next_;
  appended_ = 0;
}

void SafetensorsWriter::skip_empty() {
  while (appended_ == 0 && next_ < layout_.tensors().size() && bytes_of(layout_.tensors()[next_]) == 0) ++next_;
}

void SafetensorsWriter::finish() {
  skip_empty();
  if (next_ != layout_.tensors().size()) {
    refuse(fmt::format("{} of {} tensors were written", next_, layout_.tensors().size()));
  }
  file_.finish();
}

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, HostTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<TensorDeclaration> declarations;
  declarations.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) declarations.push_back({name, tensor.info.dtype, tensor.info.shape});
  const SafetensorsLayout layout(std::move(declarations), metadata);
  SafetensorsWriter writer(path, layout);
  for (const TensorDeclaration& tensor : layout.tensors()) writer.write(tensor.name, tensors.at(tensor.name).data);
  writer.finish();
}

}  // namespace prunenet
