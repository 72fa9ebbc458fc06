#include "prunenet/prune/stream_shard.h"

#include <gtest/gtest.h>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/sha256.h"
#include "prunenet/prune/slice.h"
#include "support/expect_error.h"
#include "support/recording_progress.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

using testing::float_tensor;

/// A file of matrices of all kinds of cut, and what should become of it.
struct Case {
  Case() {
    std::vector<float> counting(12);
    for (std::size_t i = 0; i < counting.size(); ++i) counting[i] = static_cast<float>(i);
    tensors = {{"rows", float_tensor({4, 3}, counting)},
               {"columns", float_tensor({3, 4}, counting)},
               {"halves", float_tensor({3, 4}, counting, Dtype::kF16)},
               {"whole", float_tensor({12}, counting)},
               {"none", float_tensor({0, 4}, {})},
               {"bias", float_tensor({3}, {1, 2, 3})},
               {"left_out", float_tensor({2}, {7, 8})}};
    cuts = {{"rows", {0, {0, 2}}}, {"columns", {1, {1, 3}}}, {"halves", {1, {0, 1}}}, {"none", {1, {2}}}};
    shift.resize(3);
    shift << 10, 20, 30;
    shifts = {{"bias", &shift}};
  }

  /// All but one tensor, cut.
  [[nodiscard]] std::map<std::string, HostTensor> expected() const {
    std::map<std::string, HostTensor> all = tensors;
    all.erase("left_out");
    for (const auto& [name, cut] : cuts) all[name] = slice(all.at(name), cut.axis, cut.keep);
    all["bias"] = float_tensor({3}, {11, 22, 33});
    return all;
  }

  /// What stays of `in`, in the order in which it lies there.
  [[nodiscard]] Shard shard_of(const SafetensorsFile& file) const {
    Shard shard{"out", {}, file.metadata()};
    const auto all = expected();
    for (const std::string& name : file.names()) {
      if (all.contains(name)) shard.tensors.push_back({name, all.at(name).info.dtype, all.at(name).info.shape});
    }
    return shard;
  }

  testing::TemporaryDirectory place;
  std::map<std::string, HostTensor> tensors;
  std::map<std::string, Cut> cuts;
  VectorF shift;
  BiasShifts shifts;
};

class StreamShard : public ::testing::TestWithParam<StreamOptions> {};

TEST_P(StreamShard, WritesWhatStays) {
  const Case test;
  write_safetensors(test.place / "in", test.tensors, {{"format", "pt"}});
  const SafetensorsFile input = SafetensorsFile::open(test.place / "in");
  testing::RecordingProgress progress;
  progress.begin("writing", "bytes", input.file_bytes());
  const ShardDigests digests = stream_shard(input, test.shard_of(input), test.cuts, test.shifts, Replacements(""),
                                            test.place / "out", GetParam(), progress);
  EXPECT_EQ(progress.done, progress.totals);
  EXPECT_EQ(digests.input, sha256_file(test.place / "in"));
  EXPECT_EQ(digests.output, sha256_file(test.place / "out"));
  const SafetensorsFile output = SafetensorsFile::open(test.place / "out");
  const auto expected = test.expected();
  EXPECT_EQ(output.tensors().size(), expected.size());
  EXPECT_EQ(output.metadata(), input.metadata());
  for (const auto& [name, tensor] : expected) EXPECT_EQ(output.read(name).data, tensor.data) << name;
}

/// Elements of two bytes lie before those of four, which is the other way round in the output.
TEST_P(StreamShard, InputInAnotherOrder) {
  const testing::TemporaryDirectory place;
  const std::string header =
      R"({"half":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"full":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} )";
  testing::write_file(place / "in",
                      std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header + "abcdefgh");
  const SafetensorsFile input = SafetensorsFile::open(place / "in");
  const Shard shard{"out", {{"half", Dtype::kF16, {1}}, {"full", Dtype::kF32, {1}}}, {}};
  const std::map<std::string, Cut> cuts{{"half", {0, {1}}}};
  SilentProgress silent;
  const ShardDigests digests =
      stream_shard(input, shard, cuts, {}, Replacements(""), place / "out", GetParam(), silent);
  EXPECT_EQ(digests.input, sha256_file(place / "in"));
  EXPECT_EQ(digests.output, sha256_file(place / "out"));
  const SafetensorsFile output = SafetensorsFile::open(place / "out");
  EXPECT_EQ(output.names(), (std::vector<std::string>{"full", "half"}));
  EXPECT_EQ(output.read("half").data, testing::raw_tensor(Dtype::kF16, {1}, "cd").data);
  EXPECT_EQ(output.read("full").data, testing::raw_tensor(Dtype::kF32, {1}, "efgh").data);
}

TEST_P(StreamShard, ReplacementsTakeThePlaceOfWhatStays) {
  const Case test;
  write_safetensors(test.place / "in", test.tensors, {});
  const std::vector<float> numbers{0.1F, -2, 3.5F, 4, 5, 6};
  write_safetensors(test.place / "new",
                    {{"columns", float_tensor({3, 2}, numbers)},
                     {"halves", float_tensor({3, 2}, numbers)},
                     {"rows", float_tensor({2, 3}, numbers)},
                     {"bias", float_tensor({3}, {7, 8, 9})}},
                    {});
  const SafetensorsFile input = SafetensorsFile::open(test.place / "in");
  SilentProgress silent;
  const ShardDigests digests = stream_shard(input, test.shard_of(input), test.cuts, {},
                                            Replacements(test.place / "new"), test.place / "out", GetParam(), silent);
  EXPECT_EQ(digests.input, sha256_file(test.place / "in"));
  EXPECT_EQ(digests.output, sha256_file(test.place / "out"));
  auto expected = test.expected();
  expected["columns"] = float_tensor({3, 2}, numbers);
  expected["halves"] = float_tensor({3, 2}, numbers, Dtype::kF16);
  expected["rows"] = float_tensor({2, 3}, numbers);
  expected["bias"] = float_tensor({3}, {7, 8, 9});
  const SafetensorsFile output = SafetensorsFile::open(test.place / "out");
  for (const auto& [name, tensor] : expected) EXPECT_EQ(output.read(name).data, tensor.data) << name;
}

TEST_P(StreamShard, ReplacementsThatTheTypeCannotHold) {
  const Case test;
  write_safetensors(test.place / "in", test.tensors, {});
  write_safetensors(test.place / "new", {{"halves", float_tensor({3, 2}, {0, 1, 2, 3, 1e6F, 5})}}, {});
  const SafetensorsFile input = SafetensorsFile::open(test.place / "in");
  SilentProgress silent;
  testing::expect_error(ErrorKind::kNumerical, {"'halves', element 4", "1000000", "not a finite F16"}, [&] {
    (void)stream_shard(input, test.shard_of(input), test.cuts, {}, Replacements(test.place / "new"), test.place / "out",
                       GetParam(), silent);
  });
  EXPECT_FALSE(std::filesystem::exists(test.place / "out"));
}

TEST_P(StreamShard, AnInputThatChangesLeavesNothing) {
  const Case test;
  write_safetensors(test.place / "in", test.tensors, {});
  const SafetensorsFile input = SafetensorsFile::open(test.place / "in");
  std::filesystem::resize_file(test.place / "in", input.file_bytes() - 1);
  SilentProgress silent;
  testing::expect_error(ErrorKind::kBadInput, {"in", "changed while it was being read"}, [&] {
    (void)stream_shard(input, test.shard_of(input), test.cuts, test.shifts, Replacements(""), test.place / "out",
                       GetParam(), silent);
  });
  EXPECT_FALSE(std::filesystem::exists(test.place / "out"));
}

std::string name_of(const ::testing::TestParamInfo<StreamOptions>& info) {
  return (info.param.overlap ? "Overlapping" : "OneThread") + std::to_string(info.param.piece_bytes);
}

INSTANTIATE_TEST_SUITE_P(Options, StreamShard,
                         ::testing::Values(StreamOptions{}, StreamOptions{.overlap = false, .piece_bytes = 1},
                                           StreamOptions{.overlap = true, .piece_bytes = 1},
                                           StreamOptions{.overlap = true, .piece_bytes = 24}),
                         name_of);

}  // namespace
}  // namespace prunenet
