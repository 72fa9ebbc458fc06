#include "prunenet/checkpoint/model_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <filesystem>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/checkpoint/output_directory.h"
#include "support/expect_error.h"
#include "support/full_disk.h"
#include "support/recording_progress.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

namespace fs = std::filesystem;
using testing::RecordingProgress;

/// Bytes that differ from tensor to tensor.
std::vector<std::byte> bytes_for(const std::string& name, std::uint64_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(name.back() + static_cast<int>(i));
  return bytes;
}

std::vector<TensorDeclaration> three_tensors() {
  return {{"t.0", Dtype::kF32, {2, 3}}, {"t.1", Dtype::kBF16, {10}}, {"t.2", Dtype::kF32, {1}}};
}

TensorSource source_of(const std::vector<TensorDeclaration>& tensors) {
  return [tensors](const std::string& name) {
    const auto found = std::ranges::find(tensors, name, &TensorDeclaration::name);
    return bytes_for(name, bytes_of(*found));
  };
}

TEST(SplitIntoShards, OneFileWhereItFits) {
  const auto shards = split_into_shards(three_tensors());
  ASSERT_EQ(shards.size(), 1U);
  EXPECT_EQ(shards[0].file, "model.safetensors");
  EXPECT_EQ(shards[0].metadata.at("format"), "pt");
  EXPECT_EQ(split_into_shards({}).size(), 1U);
}

TEST(SplitIntoShards, NoShardExceedsTheLimitUnlessOneTensorDoes) {
  EXPECT_TRUE(rc::check([] {
    std::vector<TensorDeclaration> tensors;
    const int count = *rc::gen::inRange(0, 20);
    for (int i = 0; i < count; ++i) tensors.push_back({std::to_string(i), Dtype::kU8, {*rc::gen::inRange(0, 50)}});
    const auto limit = *rc::gen::inRange<std::uint64_t>(1, 100);
    const auto shards = split_into_shards(tensors, limit);
    std::vector<std::string> names;
    for (const Shard& shard : shards) {
      std::uint64_t bytes = 0;
      for (const TensorDeclaration& tensor : shard.tensors) {
        bytes += bytes_of(tensor);
        names.push_back(tensor.name);
      }
      RC_ASSERT(bytes <= limit || shard.tensors.size() == 1U);
    }
    RC_ASSERT(names.size() == tensors.size());
    for (int i = 0; i < count; ++i) RC_ASSERT(names[static_cast<std::size_t>(i)] == std::to_string(i));
  }));
}

class WriteShards : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(WriteShards, OpensAsACheckpointOfTheSameTensors) {
  const testing::TemporaryDirectory directory;
  const auto tensors = three_tensors();
  const auto shards = split_into_shards(tensors, GetParam());
  RecordingProgress progress;
  write_shards(directory.path(), shards, source_of(tensors), progress);
  EXPECT_EQ(progress.totals, std::vector<std::uint64_t>{48});
  EXPECT_EQ(progress.done, std::vector<std::uint64_t>{48});
  std::uint64_t on_disk = 0;
  for (const auto& item : fs::directory_iterator(directory.path())) on_disk += item.file_size();
  EXPECT_EQ(on_disk, serialized_size(shards));
  testing::write_file(directory / "config.json", "{}");
  const Checkpoint checkpoint = Checkpoint::open(directory.path());
  EXPECT_EQ(checkpoint.shards().size(), shards.size());
  EXPECT_EQ(checkpoint.is_sharded(), shards.size() > 1);
  EXPECT_EQ(checkpoint.tensors().size(), tensors.size());
  for (const TensorDeclaration& tensor : tensors) {
    EXPECT_EQ(checkpoint.read(tensor.name).data, bytes_for(tensor.name, bytes_of(tensor)));
    EXPECT_EQ(checkpoint.read(tensor.name).info.shape, tensor.shape);
  }
}

INSTANTIATE_TEST_SUITE_P(ShardBytes, WriteShards, ::testing::Values(1, 24, 44, 48, kDefaultShardBytes));

TEST(WriteShardsErrors, FullDiskLeavesNothing) {
  const testing::TemporaryDirectory place;
  const std::vector<TensorDeclaration> tensors{{"t", Dtype::kU8, {100'000}}};
  const int status = testing::run_with_file_limit(50'000, [&] {
    try {
      SilentProgress silent;
      const OutputDirectory output(place / "model", 0, false);
      write_shards(output.path(), split_into_shards(tensors), source_of(tensors), silent);
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kOutOfSpace ? 7 : 1;
    }
    return 2;
  });
  EXPECT_EQ(status, 7);
  EXPECT_TRUE(fs::is_empty(place.path()));
}

TEST(WriteShardsErrors, InterruptionLeavesNoHalfFile) {
  const testing::TemporaryDirectory place;
  const auto tensors = three_tensors();
  RecordingProgress progress(2);
  testing::expect_error(ErrorKind::kInterrupted, {"stopped"},
                        [&] { write_shards(place.path(), split_into_shards(tensors), source_of(tensors), progress); });
  EXPECT_TRUE(fs::is_empty(place.path()));
}

}  // namespace
}  // namespace prunenet
