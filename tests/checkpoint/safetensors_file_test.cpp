#include "prunenet/checkpoint/safetensors_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/expect_error.h"
#include "support/safetensors_bytes.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::safetensors_bytes;
using testing::write_file;

/// One malformed file and what the message must say of it.
struct BadFile {
  const char* name;
  ErrorKind kind;
  std::string bytes;
  std::vector<std::string> fragments;
};

void PrintTo(const BadFile& bad, std::ostream* out) {
  *out << bad.name;
}

class RejectedSafetensors : public ::testing::TestWithParam<BadFile> {};

TEST_P(RejectedSafetensors, SaysWhereAndWhy) {
  const testing::TemporaryDirectory directory;
  write_file(directory / "bad.safetensors", GetParam().bytes);
  try {
    (void)SafetensorsFile::open(directory / "bad.safetensors");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.kind()), to_string(GetParam().kind));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("bad.safetensors"));
    for (const std::string& fragment : GetParam().fragments) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(fragment));
    }
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

std::string one(const std::string& entry, const std::string& data = "12345678") {
  return safetensors_bytes(R"({"t":)" + entry + "}", data);
}

std::string patched(std::string bytes, std::size_t position, int value) {
  bytes.at(position) = static_cast<char>(value);
  return bytes;
}

const std::string kHugeLength = std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8) + "{}";

INSTANTIATE_TEST_SUITE_P(
    Header, RejectedSafetensors,
    ::testing::Values(
        BadFile{"Empty", ErrorKind::kBadInput, "", {"0 bytes is too short"}},
        BadFile{"SevenBytes", ErrorKind::kBadInput, "1234567", {"7 bytes is too short"}},
        BadFile{"HugeHeader", ErrorKind::kBadInput, kHugeLength, {"18446744073709551615", "100000000"}},
        BadFile{"HeaderBeyondTheEnd",
                ErrorKind::kBadInput,
                patched(safetensors_bytes("{}"), 0, 3),
                {"truncated", "3 bytes", "10"}},
        BadFile{"NotJson", ErrorKind::kBadInput, safetensors_bytes("{\"a\":\n}"), {"not valid JSON", "line 2"}},
        BadFile{"NotAnObject", ErrorKind::kBadInput, safetensors_bytes("[1]"), {"not a JSON object"}},
        BadFile{"NoHeader", ErrorKind::kBadInput, safetensors_bytes(""), {"not a JSON object"}},
        BadFile{"ByteOrderMark", ErrorKind::kBadInput, safetensors_bytes("\xef\xbb\xbf{}"), {"not a JSON object"}},
        BadFile{"NulAfterTheObject",
                ErrorKind::kBadInput,
                safetensors_bytes(std::string("{}\0x", 4)),
                {"NUL byte at offset 2"}},
        BadFile{"TrailingText", ErrorKind::kBadInput, safetensors_bytes("{} {}"), {"not valid JSON"}},
        BadFile{"NotUtf8", ErrorKind::kBadInput, patched(one("{}"), 10, 0xFF), {"not valid JSON", "UTF-8"}},
        BadFile{"Deep",
                ErrorKind::kBadInput,
                safetensors_bytes(R"({"t":)" + std::string(1000, '[')),
                {"nested deeper than 3"}},
        BadFile{
            "DuplicateTensor",
            ErrorKind::kBadInput,
            safetensors_bytes(
                R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"t":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                "12"),
            {"'t' stands twice"}},
        BadFile{"DuplicateField",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[8],"shape":[8],"data_offsets":[0,8]})"),
                {"'shape' stands twice"}},
        BadFile{"MetadataNotAnObject",
                ErrorKind::kBadInput,
                safetensors_bytes(R"({"__metadata__":"pt"})"),
                {"__metadata__ is not an object"}},
        BadFile{"MetadataNotText",
                ErrorKind::kBadInput,
                safetensors_bytes(R"({"__metadata__":{"format":1}})"),
                {"'format' is not a string"}}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Entry, RejectedSafetensors,
    ::testing::Values(
        BadFile{"NotAnObject", ErrorKind::kBadInput, one("8"), {"'t'", "exactly dtype, shape and data_offsets"}},
        BadFile{"FieldMissing", ErrorKind::kBadInput, one(R"({"dtype":"U8","shape":[8]})"), {"'t'", "exactly"}},
        BadFile{"FieldTooMany",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[8],"data_offsets":[0,8],"x":1})"),
                {"'t'", "exactly"}},
        BadFile{"UnknownType",
                ErrorKind::kUnsupported,
                one(R"({"dtype":"F4","shape":[8],"data_offsets":[0,8]})"),
                {"'t'", "'F4'"}},
        BadFile{"TypeNotText",
                ErrorKind::kBadInput,
                one(R"({"dtype":8,"shape":[8],"data_offsets":[0,8]})"),
                {"dtype is not a string"}},
        BadFile{"NegativeExtent",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[-8],"data_offsets":[0,8]})"),
                {"shape holds -8"}},
        BadFile{"FractionalExtent",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[8.0],"data_offsets":[0,8]})"),
                {"shape holds 8.0"}},
        BadFile{"ShapeNotAnArray",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":8,"data_offsets":[0,8]})"),
                {"shape is not an array"}},
        BadFile{"ExtentBeyondSigned",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,8]})"),
                {"9223372036854775808"}},
        BadFile{"ProductOverflows",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[4294967296,4294967296,2],"data_offsets":[0,8]})"),
                {"more than 2^64"}},
        BadFile{"BytesOverflow",
                ErrorKind::kBadInput,
                one(R"({"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0]})", ""),
                {"more than 2^64"}},
        BadFile{"SizeIsNotTheShapes",
                ErrorKind::kBadInput,
                one(R"({"dtype":"F16","shape":[3],"data_offsets":[0,8]})"),
                {"F16 [3] needs 6 bytes, data_offsets give 8"}},
        BadFile{"OffsetsReversed",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[8],"data_offsets":[8,0]})"),
                {"[8,0]"}},
        BadFile{"ThreeOffsets",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[8],"data_offsets":[0,8,8]})"),
                {"[0,8,8]"}},
        BadFile{"StartsLate",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[7],"data_offsets":[1,8]})"),
                {"'t'", "starts at byte 1", "a gap"}},
        BadFile{"Truncated",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[9],"data_offsets":[0,9]})"),
                {"truncated", "9 bytes", "the file has 8"}},
        BadFile{"TooLong",
                ErrorKind::kBadInput,
                one(R"({"dtype":"U8","shape":[7],"data_offsets":[0,7]})"),
                {"too long", "7 bytes", "the file has 8"}},
        BadFile{"DataWithoutTensors", ErrorKind::kBadInput, safetensors_bytes("{}", "x"), {"too long"}},
        BadFile{
            "Gap",
            ErrorKind::kBadInput,
            safetensors_bytes(
                R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})",
                "1234"),
            {"'b'", "starts at byte 3", "a gap"}},
        BadFile{
            "Overlap",
            ErrorKind::kBadInput,
            safetensors_bytes(
                R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                "1234"),
            {"'b'", "starts at byte 2", "an overlap"}},
        BadFile{"NewlineInTheName", ErrorKind::kBadInput, safetensors_bytes("{\"a\\nb\":1}"), {"a\\x0ab"}}),
    [](const auto& test) { return test.param.name; });

TEST(SafetensorsFile, ReadsTensorsAndMetadata) {
  const testing::TemporaryDirectory directory;
  const std::string header =
      R"( {"z":{"dtype":"U8","shape":[2,1],"data_offsets":[0,2]},"__metadata__":{"format":"pt","":"x"},)"
      R"("a":{"dtype":"I16","shape":[],"data_offsets":[2,4]},"none":{"dtype":"F32","shape":[3,0],"data_offsets":[2,2]}}  )";
  write_file(directory / "m.safetensors", safetensors_bytes(header, std::string("\x07\x08\x09\x01", 4)));
  const SafetensorsFile file = SafetensorsFile::open(directory / "m.safetensors");
  EXPECT_EQ(file.names(), (std::vector<std::string>{"z", "none", "a"}));
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}, {"", "x"}}));
  EXPECT_EQ(file.read("z").data, (std::vector{std::byte{7}, std::byte{8}}));
  EXPECT_EQ(file.read("z").info.shape, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(file.read("a").data, (std::vector{std::byte{9}, std::byte{1}}));
  EXPECT_TRUE(file.read("a").info.shape.empty());
  EXPECT_TRUE(file.read("none").data.empty());
  testing::expect_error(ErrorKind::kBadInput, {"m.safetensors", "no tensor 'b'"}, [&] { (void)file.read("b"); });
}

TEST(SafetensorsFile, EmptyFileOfNoTensorsIsLegal) {
  const testing::TemporaryDirectory directory;
  write_file(directory / "m.safetensors", safetensors_bytes("{}"));
  EXPECT_TRUE(SafetensorsFile::open(directory / "m.safetensors").tensors().empty());
}

TEST(SafetensorsFile, ShrinkingFileIsAnError) {
  const testing::TemporaryDirectory directory;
  const std::filesystem::path path = directory / "m.safetensors";
  write_file(path, one(R"({"dtype":"U8","shape":[8],"data_offsets":[0,8]})"));
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::filesystem::resize_file(path, file.file_bytes() - 1);
  testing::expect_error(ErrorKind::kBadInput, {"m.safetensors", "changed while"}, [&] { (void)file.read("t"); });
}

TEST(SafetensorsFile, MissingFileAndDirectory) {
  const testing::TemporaryDirectory directory;
  testing::expect_error(ErrorKind::kBadInput, {"none.safetensors", "no such file"},
                        [&] { (void)SafetensorsFile::open(directory / "none.safetensors"); });
  testing::expect_error(ErrorKind::kBadInput, {"is a directory"},
                        [&] { (void)SafetensorsFile::open(directory.path()); });
}

}  // namespace
}  // namespace prunenet
