#include "prunenet/checkpoint/gguf_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "prunenet/checkpoint/gguf_copy.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/file.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::gguf_text;
using testing::GgufBytes;
using testing::le;

std::vector<std::byte> bytes_of_text(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class GgufWriterTest : public ::testing::Test {
 protected:
  void write_tiny(const std::filesystem::path& path) const {
    GgufPairs pairs;
    pairs.set("general.architecture", "llama");
    pairs.set("llama.block_count", std::uint32_t{2});
    GgufWriter writer(path, GgufLayout(pairs, {{"a", GgufType::kF32, {2, 3}}, {"b", GgufType::kF16, {1}}}));
    writer.write("a", std::vector<std::byte>(24, std::byte{1}));
    writer.write("b", std::vector<std::byte>(2, std::byte{2}));
    writer.finish();
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(GgufWriterTest, LiteralBytes) {
  write_tiny(directory_ / "m.gguf");
  GgufBytes expected;
  expected.pair_bytes("general.architecture", 8, gguf_text("llama")).pair<std::uint32_t>("llama.block_count", 4, 2);
  expected.tensor("a", {3, 2}, 0, 0).tensor("b", {1}, 1, 32);
  expected.data = std::string(24, '\1') + std::string(8, '\0') + std::string(2, '\2') + std::string(30, '\0');
  EXPECT_EQ(read_text_file(directory_ / "m.gguf"), expected.bytes());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1);
}

TEST_F(GgufWriterTest, MetadataGoesToAnotherFileUnderOtherNamesWithoutTheAlignment) {
  GgufBytes source{.alignment = 64};
  source.pair<std::uint32_t>("general.alignment", 4, 64).pair<std::uint32_t>("llama.block_count", 4, 2);
  source.pair_bytes("general.name", 8, gguf_text("m"));
  testing::write_file(directory_ / "source.gguf", source.bytes());
  const GgufFile file = GgufFile::open(directory_ / "source.gguf");
  const GgufPairs pairs = copy_metadata(
      file, [](const std::string& key) { return key.starts_with("llama.") ? "deci" + key.substr(5) : std::string(); });
  ASSERT_EQ(pairs.pairs().size(), 1U);
  EXPECT_EQ(pairs.pairs().front().first, "deci.block_count");
  EXPECT_EQ(pairs.pairs().front().second, file.raw_value("llama.block_count"));
  EXPECT_EQ(copy_metadata(file, std::identity()).pairs().size(), 2U);
}

TEST_F(GgufWriterTest, CopiesAFileOfGgufPyByteForByte) {
  const std::filesystem::path source = std::filesystem::path(PRUNENET_TEST_DATA) / "gguf" / "tiny.gguf";
  const GgufFile file = GgufFile::open(source);
  GgufPairs pairs;
  for (const std::string& key : file.keys()) pairs.set_raw(key, file.raw_value(key));
  std::vector<GgufDeclaration> tensors;
  for (const std::string& name : file.names()) {
    tensors.push_back({name, file.tensor(name).type, file.tensor(name).shape});
  }
  const GgufLayout layout(pairs, tensors);
  GgufWriter writer(directory_ / "copy.gguf", layout);
  for (const std::string& name : file.names()) writer.write(name, file.read_blocks(name));
  writer.finish();
  EXPECT_EQ(read_text_file(directory_ / "copy.gguf"), read_text_file(source));
  EXPECT_EQ(layout.file_bytes(), std::filesystem::file_size(source));
}

TEST_F(GgufWriterTest, ValuesOfEveryKindAreReadBack) {
  GgufPairs pairs;
  pairs.set("flag", true);
  pairs.set("count", std::uint32_t{7});
  pairs.set("number", 0.5F);
  pairs.set("text", "a \xc3\xa9");
  pairs.set("flags", std::vector<bool>{true, false});
  pairs.set("counts", std::vector<std::uint32_t>{1, 2});
  pairs.set("integers", std::vector<std::int32_t>{-1, 2});
  pairs.set("numbers", std::vector<float>{0.5F, -1.5F});
  pairs.set("texts", std::vector<std::string>{"", "x"});
  pairs.set("count", std::uint32_t{8});  // replaced, and keeps its place
  GgufWriter(directory_ / "m.gguf", GgufLayout(pairs, {})).finish();
  const GgufFile file = GgufFile::open(directory_ / "m.gguf");
  EXPECT_TRUE(file.flag("flag"));
  EXPECT_EQ(file.integer("count"), 8);
  EXPECT_EQ(file.number("number"), 0.5);
  EXPECT_EQ(file.text("text"), "a \xc3\xa9");
  EXPECT_EQ(std::get<std::vector<bool>>(file.metadata().at("flags")), (std::vector<bool>{true, false}));
  EXPECT_EQ(file.integers("counts"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(file.integers("integers"), (std::vector<std::int64_t>{-1, 2}));
  EXPECT_EQ(file.numbers("numbers"), (std::vector<double>{0.5, -1.5}));
  EXPECT_EQ(file.texts("texts"), (std::vector<std::string>{"", "x"}));
  EXPECT_EQ(file.keys()[1], "count");
  EXPECT_EQ(file.raw_value("count"), bytes_of_text(le<std::uint32_t>(4) + le<std::uint32_t>(8)));
}

TEST_F(GgufWriterTest, RefusesWhatReadersRefuse) {
  const auto lay_out = [](std::vector<GgufDeclaration> tensors) { return GgufLayout(GgufPairs(), std::move(tensors)); };
  const auto refused = [&](const std::vector<GgufDeclaration>& tensors, std::initializer_list<std::string> fragments) {
    expect_error(ErrorKind::kInvalidArgument, fragments, [&] { (void)lay_out(tensors); });
  };
  refused({{"a", GgufType::kF32, {1}}, {"a", GgufType::kF32, {1}}}, {"two tensors", "'a'"});
  refused({{std::string(64, 'x'), GgufType::kF32, {1}}}, {"64 bytes", "63"});
  refused({{"a", GgufType::kF32, {1, 1, 1, 1, 1}}}, {"rank 5"});
  refused({{"a", GgufType::kQ80, {4, 33}}}, {"33", "Q8_0 blocks of 32"});
  refused({{"a", GgufType::kF32, {std::int64_t{1} << 62, 4}}}, {"too large"});
}

TEST_F(GgufWriterTest, RefusesAnotherTensorThanTheNextAndAnUnfinishedFile) {
  GgufWriter writer(directory_ / "m.gguf", GgufLayout(GgufPairs(), {{"a", GgufType::kF32, {1}}}));
  expect_error(ErrorKind::kInvalidArgument, {"'b' of 4 bytes", "'a' of 4 bytes"},
               [&] { writer.write("b", std::vector<std::byte>(4)); });
  expect_error(ErrorKind::kInvalidArgument, {"'a' of 3 bytes"}, [&] { writer.write("a", std::vector<std::byte>(3)); });
  expect_error(ErrorKind::kInvalidArgument, {"0 of 1 tensors"}, [&] { writer.finish(); });
  writer.write("a", std::vector<std::byte>(4));
  expect_error(ErrorKind::kInvalidArgument, {"'a' was not declared"},
               [&] { writer.write("a", std::vector<std::byte>(4)); });
}

TEST_F(GgufWriterTest, NothingStaysOfAnUnfinishedFileAndTheOldOneDoes) {
  write_tiny(directory_ / "m.gguf");
  const std::string before = read_text_file(directory_ / "m.gguf");
  { GgufWriter writer(directory_ / "m.gguf", GgufLayout(GgufPairs(), {{"a", GgufType::kF32, {1}}})); }
  EXPECT_EQ(read_text_file(directory_ / "m.gguf"), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1);
}

}  // namespace
}  // namespace prunenet
