#include "prunenet/checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::float_tensor;
using testing::raw_tensor;
using testing::write_file;

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override { write_file(at("config.json"), R"({"model_type": "llama"})"); }
  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return directory_ / name; }
  [[nodiscard]] Checkpoint open() const { return Checkpoint::open(directory_.path()); }
  void write_single() const {
    write_safetensors(at("model.safetensors"),
                      {{"w", float_tensor({2, 3}, {1, 2, 3, 4, 5, 6}, Dtype::kBF16)}, {"v", float_tensor({2}, {7, 8})}},
                      {{"format", "pt"}});
  }
  void write_shards() const {
    write_safetensors(at("s1.safetensors"), {{"a", float_tensor({2}, {1, 2})}}, {});
    write_safetensors(at("s2.safetensors"), {{"b", float_tensor({3}, {3, 4, 5})}}, {{"format", "pt"}});
  }
  void write_index(const std::string& content) const { write_file(at("model.safetensors.index.json"), content); }
  void expect_rejected(std::initializer_list<std::string> fragments, ErrorKind kind = ErrorKind::kBadInput) const {
    expect_error(kind, fragments, [&] { (void)open(); });
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(CheckpointTest, SingleFile) {
  write_single();
  const Checkpoint checkpoint = open();
  EXPECT_FALSE(checkpoint.is_sharded());
  EXPECT_EQ(checkpoint.config()["model_type"], "llama");
  EXPECT_EQ(checkpoint.shards(), std::vector<std::string>{"model.safetensors"});
  EXPECT_EQ(checkpoint.metadata_of("model.safetensors").at("format"), "pt");
  EXPECT_EQ(checkpoint.parameters(), 8U);
  EXPECT_EQ(checkpoint.tensor_bytes(), 20U);
  const MatrixF w = checkpoint.read_matrix("w", 2, 3);
  EXPECT_EQ(w, (MatrixF(2, 3) << 1, 2, 3, 4, 5, 6).finished());
  const MatrixF v = checkpoint.read_matrix("v");
  EXPECT_EQ(v, (MatrixF(1, 2) << 7, 8).finished());
  expect_error(ErrorKind::kMismatch, {"'w'", "[2, 3]", "[3, 2]"}, [&] { (void)checkpoint.read_matrix("w", 3, 2); });
  expect_error(ErrorKind::kBadInput, {"no tensor 'x'"}, [&] { (void)checkpoint.read("x"); });
  expect_error(ErrorKind::kBadInput, {"no shard 'x'"}, [&] { (void)checkpoint.tensors_of("x"); });
}

TEST_F(CheckpointTest, SomeRowsAreThoseOfTheWhole) {
  write_single();
  const Checkpoint checkpoint = open();
  EXPECT_EQ(checkpoint.read_rows("w", 2, 3, 1, 1), (MatrixF(1, 3) << 4, 5, 6).finished());
  EXPECT_EQ(checkpoint.read_rows("w", 2, 3, 0, 2), checkpoint.read_matrix("w"));
  EXPECT_EQ(checkpoint.read_rows("w", 2, 3, 2, 0).rows(), 0);
  expect_error(ErrorKind::kInvalidArgument, {"2 rows from 1 on of a matrix of 2"},
               [&] { (void)checkpoint.read_rows("w", 2, 3, 1, 2); });
}

TEST_F(CheckpointTest, NumbersComeInOrderAndInPieces) {
  constexpr std::int64_t kRows = 1031;
  constexpr std::int64_t kColumns = 2053;  // some pieces, which end within rows
  std::vector<float> numbers(kRows * kColumns);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i % 251);  // exact as BF16
  numbers.back() = std::numeric_limits<float>::infinity();
  for (const Dtype dtype : {Dtype::kBF16, Dtype::kF32}) {
    write_safetensors(at("model.safetensors"),
                      {{"big", float_tensor({kRows, kColumns}, numbers, dtype)},
                       {"cube", float_tensor({1, 2, 1}, {7, 8})},
                       {"ids", raw_tensor(Dtype::kI32, {1}, "1234")}},
                      {});
    const Checkpoint checkpoint = open();
    std::vector<float> seen;
    std::size_t pieces = 0;
    checkpoint.visit_floats("big", [&](std::uint64_t first, std::span<const float> values) {
      EXPECT_EQ(first, seen.size());
      seen.insert(seen.end(), values.begin(), values.end());
      ++pieces;
    });
    EXPECT_EQ(seen, numbers);
    EXPECT_GT(pieces, 1U);
    checkpoint.visit_floats("cube", [](std::uint64_t first, std::span<const float> values) {
      EXPECT_EQ(first, 0U);
      EXPECT_EQ(values.size(), 2U);
    });
    expect_error(ErrorKind::kUnsupported, {"I32"},
                 [&] { checkpoint.visit_floats("ids", [](std::uint64_t, std::span<const float>) {}); });
  }
}

TEST_F(CheckpointTest, Shards) {
  write_shards();
  write_index(R"({"metadata":{"total_size":20},"weight_map":{"a":"s1.safetensors","b":"s2.safetensors"}})");
  const Checkpoint checkpoint = open();
  EXPECT_TRUE(checkpoint.is_sharded());
  EXPECT_EQ(checkpoint.shards(), (std::vector<std::string>{"s1.safetensors", "s2.safetensors"}));
  EXPECT_EQ(checkpoint.shard_of("b"), "s2.safetensors");
  EXPECT_EQ(checkpoint.tensors_of("s1.safetensors"), std::vector<std::string>{"a"});
  EXPECT_EQ(checkpoint.read_matrix("b"), (MatrixF(1, 3) << 3, 4, 5).finished());
  EXPECT_EQ(checkpoint.parameters(), 5U);
}

TEST_F(CheckpointTest, WeightsThatAreNotThere) {
  expect_rejected({"neither model.safetensors nor model.safetensors.index.json"});
  write_file(at("pytorch_model.bin"), "x");
  expect_rejected({"pickled", "convert"});
  write_file(at("m.gguf"), "x");
  expect_rejected({"GGUF", "prunenet import"});
  expect_error(ErrorKind::kBadInput, {"nowhere", "no such directory"}, [&] { (void)Checkpoint::open(at("nowhere")); });
  expect_error(ErrorKind::kBadInput, {"m.gguf", "is a GGUF file", "prunenet import"},
               [&] { (void)Checkpoint::open(at("m.gguf")); });
  write_file(at("adapter_config.json"), "{}");
  expect_rejected({"adapter", "merge"});
}

TEST_F(CheckpointTest, ConfigThatIsNotThere) {
  write_single();
  write_file(at("config.json"), R"({"model_type": )");
  expect_rejected({"config.json", "not valid JSON"});
  std::filesystem::remove(at("config.json"));
  expect_rejected({"config.json", "no such file"});
}

TEST_F(CheckpointTest, IndexThatDoesNotFit) {
  write_shards();
  const auto index = [&](const std::string& map) { write_index(R"({"weight_map":)" + map + "}"); };
  const std::string good = R"({"a":"s1.safetensors","b":"s2.safetensors"})";
  write_index(R"({"weight_map")");
  expect_rejected({"index.json", "not valid JSON"});
  write_index("{}");
  expect_rejected({"index.json", "weight_map is missing"});
  index(R"({"a":"../s1.safetensors"})");
  expect_rejected({"'a'", "../s1.safetensors", "not the plain name"});
  index(R"({"a":"s1\n.safetensors"})");
  expect_rejected({"'a'", "s1\\n.safetensors", "not the plain name"});
  index(R"({"a":")" + std::string(300, 's') + R"(.safetensors"})");
  expect_rejected({"'a'", "sss...", "not the plain name"});
  index(R"({"a":"config.json"})");
  expect_rejected({"'a'", "config.json", ".safetensors"});
  index(R"({"a":"s1.safetensors","b":"s3.safetensors"})");
  expect_rejected({"s3.safetensors", "no such file"});
  index(R"({"a":"s1.safetensors","b":"s2.safetensors","c":"s2.safetensors"})");
  expect_rejected({"'c'", "s2.safetensors", "does not hold"});
  index(R"({"a":"s1.safetensors","a":"s2.safetensors"})");
  expect_rejected({"'a' stands twice"});
  write_index(R"({"metadata":{"total_size":21},"weight_map":)" + good + "}");
  expect_rejected({"total_size says 21", "20"});
  write_index(R"({"metadata":{"total_size":"20"},"weight_map":)" + good + "}");
  expect_rejected({"total_size is not a number"});
  write_safetensors(at("s2.safetensors"), {{"b", float_tensor({1}, {3})}, {"c", float_tensor({1}, {3})}}, {});
  index(good);
  expect_rejected({"s2.safetensors holds tensor 'c'", "not in weight_map"});
  write_safetensors(at("s2.safetensors"), {{"b", float_tensor({1}, {3})}, {"a", float_tensor({1}, {3})}}, {});
  expect_rejected({"'a' is mapped to s1.safetensors", "s2.safetensors holds one"});
}

TEST_F(CheckpointTest, ValuesThatCannotBeComputedWith) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  write_safetensors(at("model.safetensors"),
                    {{"bad", float_tensor({2, 2}, {1, 2, nan, 4}, Dtype::kF16)},
                     {"cube", float_tensor({1, 1, 1}, {1})},
                     {"ids", raw_tensor(Dtype::kI32, {1}, "1234")}},
                    {});
  const Checkpoint checkpoint = open();
  expect_error(ErrorKind::kNumerical, {"'bad'", "element 2 of 4", "nan"}, [&] { (void)checkpoint.read_matrix("bad"); });
  expect_error(ErrorKind::kMismatch, {"'cube'", "[1, 1, 1]"}, [&] { (void)checkpoint.read_matrix("cube"); });
  expect_error(ErrorKind::kUnsupported, {"'ids'", "I32"}, [&] { (void)checkpoint.read_matrix("ids"); });
  EXPECT_EQ(checkpoint.read("ids").data, raw_tensor(Dtype::kI32, {1}, "1234").data);  // but it is copied through
}

}  // namespace
}  // namespace prunenet
