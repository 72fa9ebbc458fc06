#include "prunenet/probe/probe_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::float_tensor;

/// Two layers of two neurons.
class ProbeFileTest : public ::testing::Test {
 protected:
  static ProbeFacts facts() {
    ProbeFacts facts{.source = {.model_sha256 = "abc", .options = {}, .seed = 18446744073709551615U},
                     .model_name = "tiny",
                     .layers = 2,
                     .neurons = 2,
                     .text_length = 16,
                     .device = "cpu"};
    facts.source.options.tokens = 60;
    facts.source.options.held_out_tokens = 16;
    facts.source.options.start_tokens = {3, 4};
    facts.source.options.temperature = 0.7;
    return facts;
  }
  /// 60 and 16 tokens in whole sequences of 16.
  static ProbeText text() {
    return {.training = torch::arange(64).view({4, 16}), .held_out = torch::arange(100, 116).view({1, 16})};
  }
  static LayerMoments exact() {
    return {.training = {.mean = VectorF::Random(2), .second_moment = MatrixF::Random(2, 2)},
            .held_out = {.mean = VectorF::Random(2), .second_moment = MatrixF::Random(2, 2)}};
  }
  static HostTensor tokens(std::vector<std::int64_t> shape, std::vector<std::int32_t> values) {
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(std::int32_t));
    return testing::raw_tensor(Dtype::kI32, std::move(shape), bytes);
  }
  void write() const {
    ProbeWriter writer(path_, facts());
    writer.write(text());
    writer.write(0, exact());
    writer.write(1, exact());
    writer.finish(1.5);
  }
  /// A good file with other tensors or metadata in place of its own; empty metadata: without that field.
  void write_changed(const std::map<std::string, HostTensor>& tensors,
                     const std::map<std::string, std::string>& metadata = {}) const {
    write();
    std::map<std::string, std::string> texts = SafetensorsFile::open(path_).metadata();
    for (const auto& [key, text] : metadata) texts[key] = text;
    std::erase_if(texts, [](const auto& text) { return text.second.empty(); });
    write_safetensors(path_, changed(tensors), texts);
  }
  /// Tensors of the file, some of them replaced.
  [[nodiscard]] std::map<std::string, HostTensor> changed(const std::map<std::string, HostTensor>& tensors) const {
    const SafetensorsFile good = SafetensorsFile::open(path_);
    std::map<std::string, HostTensor> all;
    for (const std::string& name : good.names()) all[name] = good.read(name);
    for (const auto& [name, tensor] : tensors) all[name] = tensor;
    return all;
  }
  void expect_refused(std::initializer_list<std::string> fragments, ErrorKind kind = ErrorKind::kBadInput) const {
    expect_error(kind, fragments, [&] {
      const ProbeFile file = ProbeFile::open(path_);
      (void)file.text();
      for (std::int64_t layer = 0; layer < file.facts().layers; ++layer) (void)file.layer(layer);
    });
  }

  testing::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "probe.safetensors";
};

TEST_F(ProbeFileTest, ComesBackAsItWas) {
  const std::vector<LayerMoments> written = {exact(), exact()};
  ProbeWriter writer(path_, facts());
  writer.write(text());
  writer.write(0, written[0]);
  writer.write(1, written[1]);
  EXPECT_FALSE(std::filesystem::exists(path_)) << "complete or absent";
  writer.finish(1.25);
  EXPECT_TRUE(is_probe_file(path_));
  const ProbeFile file = ProbeFile::open(path_);
  EXPECT_EQ(file.facts().source.model_sha256, "abc");
  EXPECT_EQ(file.facts().source.seed, 18446744073709551615U);
  EXPECT_EQ(to_json(file.facts().source.options), to_json(facts().source.options));
  EXPECT_EQ(file.facts().model_name, "tiny");
  EXPECT_EQ(file.facts().device, "cpu");
  EXPECT_EQ(file.facts().text_length, 16);
  EXPECT_EQ(file.seconds(), 1.25);
  EXPECT_TRUE(torch::equal(file.text().training, text().training));
  EXPECT_TRUE(torch::equal(file.text().held_out, text().held_out));
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    const LayerMoments read = file.layer(layer);
    const LayerMoments& expected = written[static_cast<std::size_t>(layer)];
    EXPECT_EQ(read.training.mean, expected.training.mean);
    EXPECT_EQ(read.held_out.mean, expected.held_out.mean);
    EXPECT_EQ(read.training.second_moment, expected.training.second_moment);
    EXPECT_EQ(read.held_out.second_moment, expected.held_out.second_moment);
    EXPECT_TRUE(read.training.is_exact());
  }
}

TEST_F(ProbeFileTest, PackedMomentsOfWideBlocks) {
  ProbeFacts wide = facts();
  wide.layers = 1;
  wide.source.options.exact_width = 1;
  wide.neurons = 131;  // more than one strip of codes, and no multiple of 4
  const auto packed = [] {
    const MatrixF factor = MatrixF::Random(131, 131);
    return ResponseMoments{.mean = VectorF::Random(131), .packed = PackedMatrix::pack(factor * factor.transpose())};
  };
  const LayerMoments written{.training = packed(), .held_out = packed()};
  ProbeWriter writer(path_, wide);
  writer.write(text());
  writer.write(0, written);
  writer.finish(0.25);
  const ProbeFile file = ProbeFile::open(path_);
  EXPECT_EQ(file.seconds(), 0.25);
  const LayerMoments read = file.layer(0);
  EXPECT_EQ(read.held_out.mean, written.held_out.mean);
  EXPECT_FALSE(read.held_out.is_exact());
  for (const auto& [actual, expected] : {std::pair{&read.training.packed, &written.training.packed},
                                         {&read.held_out.packed, &written.held_out.packed}}) {
    EXPECT_EQ(actual->diagonal(), expected->diagonal());
    EXPECT_EQ(actual->codes(), expected->codes());
  }
  HostTensor codes = SafetensorsFile::open(path_).read("training.0.second_moment.codes");
  codes.data[1] = std::byte{0x80};
  write_safetensors(path_, changed({{"training.0.second_moment.codes", codes}}),
                    SafetensorsFile::open(path_).metadata());
  expect_refused({"'training.0.second_moment.codes'", "damaged"});
}

TEST_F(ProbeFileTest, LossMetricsOfAllLayers) {
  ProbeFacts with_metrics = facts();
  with_metrics.source.options.loss_metric = true;
  with_metrics.hidden = 3;
  const std::vector<MatrixF> metrics = {MatrixF::Random(3, 3), MatrixF::Random(3, 3)};
  ProbeWriter writer(path_, with_metrics);
  writer.write(text());
  writer.write(0, exact());
  writer.write(1, exact());
  expect_error(ErrorKind::kInvalidArgument, {"training.0.loss_metric"}, [&] { writer.finish(1.0); });
  writer.write(metrics);
  writer.finish(1.0);
  const ProbeFile file = ProbeFile::open(path_);
  EXPECT_EQ(file.facts().hidden, 3);
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    EXPECT_EQ(file.layer(layer).loss_metric, metrics[static_cast<std::size_t>(layer)]);
  }
  const std::map<std::string, std::string> metadata = SafetensorsFile::open(path_).metadata();
  write_safetensors(path_, changed({{"training.1.loss_metric", float_tensor({2, 3}, std::vector<float>(6))}}),
                    metadata);
  expect_refused({"'training.1.loss_metric'", "[2, 3]", "[3, 3]"});
  write_safetensors(path_, changed({{"training.0.loss_metric", float_tensor({}, {1})}}), metadata);
  expect_refused({"'training.0.loss_metric'"});
}

TEST_F(ProbeFileTest, WhatIsNotFinishedIsNotThere) {
  {
    ProbeWriter writer(path_, facts());
    expect_error(ErrorKind::kInvalidArgument, {"text.training", "training.0"}, [&] { writer.write(0, exact()); });
    expect_error(ErrorKind::kInvalidArgument, {"text.training"}, [&] {
      writer.write({.training = torch::ones({3, 16}, torch::kInt64), .held_out = {}});
    });
    writer.write(text());
    writer.write(0, exact());
    expect_error(ErrorKind::kInvalidArgument, {"training.0", "training.1"}, [&] { writer.write(0, exact()); });
    expect_error(ErrorKind::kInvalidArgument, {"seconds"}, [&] { writer.finish(1.0); });
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(ProbeFileTest, AnotherProbeIsRefusedWithAllThatDiffers) {
  write();
  const ProbeFile file = ProbeFile::open(path_);
  EXPECT_NO_THROW(file.require(facts().source, ""));
  ProbeSource wanted = facts().source;
  wanted.seed = 5;
  wanted.options.tokens = 128;
  expect_error(ErrorKind::kMismatch,
               {"probe.safetensors", "tokens 60, here 128; seed 18446744073709551615, here 5; do something"},
               [&] { file.require(wanted, "do something"); });
  wanted = facts().source;
  wanted.model_sha256 = "def";
  expect_error(ErrorKind::kMismatch, {"SHA-256 abc, here def"}, [&] { file.require(wanted, ""); });
  EXPECT_NO_THROW(file.require_sizes(2, 2));
  expect_error(ErrorKind::kMismatch, {"2 layers with 2 neurons", "has 2 with 3"}, [&] { file.require_sizes(2, 3); });
}

TEST_F(ProbeFileTest, FilesThatAreNoProbe) {
  write_safetensors(path_, {{"x", float_tensor({1}, {1})}}, {});
  EXPECT_FALSE(is_probe_file(path_));
  expect_refused({"probe.safetensors", "'format'"});
  write_changed({}, {{"format", "prunenet-policy"}});
  expect_refused({"is not a probe"});
  write_changed({}, {{"format_version", "1"}});
  expect_refused({"format version 1", "reads 2", "make it anew with 'prunenet probe'"}, ErrorKind::kUnsupported);
}

TEST_F(ProbeFileTest, MetadataMustBeWhole) {
  for (const char* key : {"format_version", "model", "probe", "seed", "device", "prunenet_version"}) {
    write_changed({}, {{key, ""}});
    expect_refused({fmt::format("'{}'", key)});
  }
  write_changed({}, {{"seed", "-1"}});
  expect_refused({"'seed' is '-1'"});
  write_changed({}, {{"seed", "1x"}});
  expect_refused({"'seed' is '1x'"});
  write_changed({}, {{"probe", R"({"tokens": 0})"}});
  expect_refused({"'tokens' is 0"});
  write_changed({}, {{"probe", "["}});
  expect_refused({"'probe'"});
  write_changed({}, {{"model", "{}"}});
  expect_refused({"'model'"});
  write_changed({}, {{"model", R"({"name": "m", "sha256": "a", "num_hidden_layers": 0, "intermediate_size": 2})"}});
  expect_refused({"0 layers"});
  write_changed(
      {}, {{"model", R"({"name": "m", "sha256": "a", "num_hidden_layers": 1000000000000, "intermediate_size": 2})"}});
  expect_refused({"1000000000000 layers", "11 tensors"});
  write_changed({}, {{"model", R"({"name": "m", "sha256": "a", "num_hidden_layers": 1.5, "intermediate_size": 2})"}});
  expect_refused({"num_hidden_layers", "1.5"});
}

TEST_F(ProbeFileTest, TextMustBeSequencesOfTokens) {
  write_changed({{"text.training", tokens({2}, {1, 2})}});
  expect_refused({"'text.training' is [2]", "no sequences"});
  write_changed({{"text.training", tokens({1, 300}, std::vector<std::int32_t>(300))}});
  expect_refused({"'text.training' is [1, 300]", "at most 256"});
  write_changed({{"text.training", tokens({2, 16}, std::vector<std::int32_t>(32))}});
  expect_refused({"'text.training'", "[2, 16]", "[4, 16]"});
  write_changed({{"text.held_out", tokens({2, 8}, std::vector<std::int32_t>(16))}});
  expect_refused({"'text.held_out'", "[2, 8]", "[1, 16]"});
  write_changed({{"text.held_out", float_tensor({1, 16}, std::vector<float>(16))}});
  expect_refused({"'text.held_out'", "F32", "I32"});
  std::vector<std::int32_t> damaged(16);
  damaged[3] = -5;
  write_changed({{"text.held_out", tokens({1, 16}, damaged)}});
  expect_refused({"'text.held_out' holds -5"});
}

TEST_F(ProbeFileTest, TensorsMustBeThoseOfTheLayers) {
  write_changed({{"training.1.mean", float_tensor({2}, {1, std::nanf("")})}});
  expect_refused({"'training.1.mean'", "not finite"});
  write_changed({{"training.1.mean", float_tensor({3}, {1, 2, 3})}});
  expect_refused({"'training.1.mean'", "[3]", "[2]"});
  write_changed({{"training.1.second_moment", float_tensor({1, 2}, {1, 2})}});
  expect_refused({"'training.1.second_moment'", "[1, 2]", "[2, 2]"});
  write_changed({{"held_out.0.second_moment", float_tensor({2, 2}, {1, 2, 3, 4}, Dtype::kBF16)}});
  expect_refused({"'held_out.0.second_moment'", "BF16"});
  write_changed({{"held_out.0.second_moment", float_tensor({2, 2}, {1, 2, 3, std::nanf("")})}});
  expect_refused({"'held_out.0.second_moment'", "not finite"});
  write_changed({{"more", float_tensor({1}, {1})}});
  expect_refused({"12 tensors, and not 11"});
  write_changed({}, {{"model", R"({"name": "m", "sha256": "a", "num_hidden_layers": 3, "intermediate_size": 2})"}});
  expect_refused({"no tensor 'training.2.mean'"});
  for (const float seconds : {-1.0F, std::nanf(""), std::numeric_limits<float>::infinity()}) {
    write_changed({{"seconds", float_tensor({1}, {seconds})}});
    expect_refused({"'seconds' is", "no time"});
  }
}

}  // namespace
}  // namespace prunenet
