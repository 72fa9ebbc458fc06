#include "prunenet/checkpoint/safetensors_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/file.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

constexpr std::array kDtypes{Dtype::kBool, Dtype::kU8,  Dtype::kI8,  Dtype::kF8E4M3, Dtype::kF8E5M2,
                             Dtype::kI16,  Dtype::kU16, Dtype::kF16, Dtype::kBF16,   Dtype::kI32,
                             Dtype::kU32,  Dtype::kF32, Dtype::kF64, Dtype::kI64,    Dtype::kU64};

HostTensor random_tensor() {
  HostTensor tensor;
  tensor.info.dtype = *rc::gen::elementOf(kDtypes);
  tensor.info.shape =
      *rc::gen::resize(4, rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 5)));
  tensor.info.bytes = bytes_of({"", tensor.info.dtype, tensor.info.shape});
  for (const int value : *rc::gen::container<std::vector<int>>(tensor.info.bytes, rc::gen::inRange(0, 256))) {
    tensor.data.push_back(static_cast<std::byte>(value));
  }
  return tensor;
}

TEST(SafetensorsWriter, WhatIsWrittenIsRead) {
  const testing::TemporaryDirectory directory;
  const std::filesystem::path path = directory / "m.safetensors";
  EXPECT_TRUE(rc::check([&] {
    std::map<std::string, HostTensor> tensors;
    const int count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) tensors[*rc::gen::nonEmpty(rc::gen::string<std::string>())] = random_tensor();
    std::map<std::string, std::string> metadata{{"a\n\"\\\x01", "\xc3\xa9 \xf0\x9f\x98\x80"}};
    std::erase_if(tensors, [](const auto& item) {  // bytes that are not ASCII would not be UTF-8
      return std::any_of(item.first.begin(), item.first.end(), [](char c) { return static_cast<signed char>(c) <= 0; });
    });
    write_safetensors(path, tensors, metadata);
    const SafetensorsFile file = SafetensorsFile::open(path);
    RC_ASSERT(file.metadata() == metadata);
    RC_ASSERT(file.tensors().size() == tensors.size());
    std::vector<TensorDeclaration> declarations;
    std::uint64_t offset = 0;
    for (const std::string& name : file.names()) {
      const HostTensor tensor = file.read(name);
      RC_ASSERT(tensor.info.dtype == tensors.at(name).info.dtype);
      RC_ASSERT(tensor.info.shape == tensors.at(name).info.shape);
      RC_ASSERT(tensor.data == tensors.at(name).data);
      RC_ASSERT(offset % size_of(tensor.info.dtype) == 0U);
      offset += tensor.info.bytes;
      declarations.push_back({name, tensor.info.dtype, tensor.info.shape});
    }
    RC_ASSERT(file.file_bytes() == serialized_size(declarations, metadata));
    RC_ASSERT(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
  }));
}

TEST(SafetensorsWriter, HeaderStartsWithABraceAndFillsEights) {
  for (std::size_t length = 1; length < 20; ++length) {
    const SafetensorsLayout layout({{std::string(length, 'a'), Dtype::kU8, {3}}}, {});
    EXPECT_EQ(layout.header().size() % 8, 0U);
    EXPECT_EQ(layout.header()[8], '{');
    EXPECT_EQ(layout.file_bytes(), layout.header().size() + 3);
  }
}

TEST(SafetensorsWriter, BytesAreThoseOfTheFormat) {
  const testing::TemporaryDirectory directory;
  const std::map<std::string, HostTensor> tensors{{"t", testing::raw_tensor(Dtype::kU8, {2}, "xy")}};
  write_safetensors(directory / "m", tensors, {{"format", "pt"}});
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}    )";
  EXPECT_EQ(read_text_file(directory / "m"), std::string("\x58\0\0\0\0\0\0\0", 8) + header + "xy");
}

TEST(SafetensorsWriter, TensorsLieBySizeOrAsDeclared) {
  const std::vector<TensorDeclaration> tensors = {{"bytes", Dtype::kU8, {4}}, {"floats", Dtype::kF32, {2}}};
  EXPECT_EQ(SafetensorsLayout(tensors, {}).tensors().front().name, "floats");
  EXPECT_EQ(SafetensorsLayout(tensors, {}, TensorOrder::kAsDeclared).tensors().front().name, "bytes");
  testing::expect_error(ErrorKind::kInvalidArgument, {"'floats'", "byte 3"}, [] {
    (void)SafetensorsLayout({{"bytes", Dtype::kU8, {3}}, {"floats", Dtype::kF32, {2}}}, {}, TensorOrder::kAsDeclared);
  });
}

TEST(SafetensorsWriter, MisuseIsRefused) {
  const testing::TemporaryDirectory directory;
  const auto layout = [](std::vector<TensorDeclaration> tensors) { return SafetensorsLayout(std::move(tensors), {}); };
  const auto expect = [](std::initializer_list<std::string> fragments, auto action) {
    testing::expect_error(ErrorKind::kInvalidArgument, fragments, action);
  };
  expect({"two tensors", "'a'"}, [&] { (void)layout({{"a", Dtype::kU8, {}}, {"a", Dtype::kF32, {}}}); });
  expect({"__metadata__"}, [&] { (void)layout({{"__metadata__", Dtype::kU8, {}}}); });
  expect({"not UTF-8"}, [&] { (void)layout({{"\xff", Dtype::kU8, {}}}); });
  expect({"'a'", "[-1]"}, [&] { (void)layout({{"a", Dtype::kU8, {-1}}}); });
  SafetensorsWriter writer(directory / "m", layout({{"a", Dtype::kU8, {1}}}));
  expect({"'a' of 0 bytes", "'a' of 1 bytes"}, [&] { writer.write("a", {}); });
  expect({"'b'", "'a'"}, [&] { writer.write("b", std::vector<std::byte>(1)); });
  expect({"0 of 1"}, [&] { writer.finish(); });
  writer.write("a", std::vector<std::byte>(1));
  expect({"'c' was not declared"}, [&] { writer.write("c", {}); });
}

TEST(SafetensorsWriter, PiecesOfTensors) {
  const testing::TemporaryDirectory directory;
  const SafetensorsLayout layout({{"a", Dtype::kU8, {3}}, {"none", Dtype::kU8, {0}}, {"b", Dtype::kU8, {2}}}, {});
  SafetensorsWriter writer(directory / "m", layout);
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  writer.append("a", bytes("xy"));
  testing::expect_error(ErrorKind::kInvalidArgument, {"2 bytes of tensor 'a'", "1 of 'a'"},
                        [&] { writer.append("a", bytes("zz")); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"1 bytes of tensor 'b'", "1 of 'a'"},
                        [&] { writer.append("b", bytes("z")); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"'a' of 3 bytes", "'a' of 1 bytes"},
                        [&] { writer.write("a", bytes("xyz")); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"0 of 3"}, [&] { writer.finish(); });
  writer.append("a", bytes("z"));
  writer.append("a", {});  // nothing, after its end
  writer.append("b", bytes("uv"));
  testing::expect_error(ErrorKind::kInvalidArgument, {"'b' was not declared"}, [&] { writer.append("b", bytes("w")); });
  writer.finish();
  EXPECT_EQ(read_text_file(directory / "m"), layout.header() + "xyzuv");
}

TEST(SafetensorsWriter, UnfinishedFileGoesAway) {
  const testing::TemporaryDirectory directory;
  { const SafetensorsWriter writer(directory / "m", SafetensorsLayout({{"a", Dtype::kU8, {1}}}, {})); }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  testing::expect_error(ErrorKind::kInvalidArgument, {"of 0 bytes"}, [&] {
    write_safetensors(directory / "m", {{"a", testing::raw_tensor(Dtype::kU8, {1}, "")}}, {});
  });
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  testing::expect_error(ErrorKind::kIo, {"missing"}, [&] { write_safetensors(directory / "missing/m", {}, {}); });
}

}  // namespace
}  // namespace prunenet
