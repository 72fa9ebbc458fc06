// A pruned directory is damaged in one way after another; each time the damage is what is found.
#include "prunenet/prune/verify.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "prune/tiny_llama.h"
#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/file.h"
#include "prunenet/core/sha256.h"
#include "prunenet/prune/down_replacements.h"
#include "prunenet/prune/prune.h"
#include "prunenet/prune/record.h"
#include "support/expect_error.h"
#include "support/recording_progress.h"

namespace prunenet {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TinyLlama;
using testing::write_file;

class VerifyTest : public ::testing::Test {
 protected:
  /// Prunes a model; another one where it was done before.
  void prune(const TinyLlama& tiny = {}, const std::vector<VectorF>& down_bias = {}) {
    tiny.write(dense_);
    write_file(place_ / "policy.safetensors", "a policy");
    const Checkpoint checkpoint = Checkpoint::open(dense_);
    PruneOptions options;
    options.output = pruned_;
    options.policy = place_ / "policy.safetensors";
    options.down_bias = down_bias;
    (void)prune_checkpoint(checkpoint, *make_family(checkpoint), testing::four_of_six(), options, progress_);
  }
  [[nodiscard]] VerifyReport verify(const VerifyOptions& options = {}) {
    return verify_pruned(pruned_, dense_, options, progress_);
  }
  /// All failures as text, of which there must be some.
  [[nodiscard]] std::vector<std::string> failures() {
    const VerifyReport report = verify();
    EXPECT_FALSE(report.holds());
    std::uint64_t failed = 0;
    for (const VerifyCheck& check : report.checks) failed += check.failed;
    EXPECT_EQ(failed, report.failure_count);
    std::vector<std::string> texts;
    for (const VerifyFailure& failure : report.failures) texts.push_back(to_string(failure));
    return texts;
  }
  /// Writes a weight file again with other tensors.
  void rewrite(const std::string& file, const std::function<void(std::map<std::string, HostTensor>&)>& change) {
    std::map<std::string, HostTensor> tensors;
    std::map<std::string, std::string> metadata;
    {
      const SafetensorsFile old = SafetensorsFile::open(pruned_ / file);
      metadata = old.metadata();
      for (const std::string& name : old.names()) tensors[name] = old.read(name);
    }
    change(tensors);
    write_safetensors(pruned_ / file, tensors, metadata);
    record_again(file);
  }
  /// Damage that comes with a hash to match: only what is behind the hash can find it.
  void record_again(const std::string& file) {
    PruneRecord record = parse_record(read_text_file(pruned_ / "prunenet.json"), "");
    record.outputs.at(file) = sha256_file(pruned_ / file);
    write_file(pruned_ / "prunenet.json", record_text(record));
  }
  void edit_record(const std::function<void(nlohmann::json&)>& change) const {
    auto json = nlohmann::json::parse(read_text_file(pruned_ / "prunenet.json"));
    change(json);
    write_file(pruned_ / "prunenet.json", json.dump());
  }
  void flip_byte(const fs::path& file, std::uint64_t offset) const {
    std::string bytes = read_text_file(file);
    bytes.at(offset) = static_cast<char>(bytes.at(offset) ^ 1);
    write_file(file, bytes);
  }

  testing::TemporaryDirectory place_;
  testing::RecordingProgress progress_;
  const fs::path dense_ = place_ / "dense";
  const fs::path pruned_ = place_ / "pruned";
};

constexpr const char* kFile = "model.safetensors";
constexpr const char* kUp = "model.layers.1.mlp.up_proj.weight";

TEST_F(VerifyTest, WhatApplyWroteHolds) {
  prune();
  VerifyOptions options;
  options.policy = place_ / "policy.safetensors";
  const VerifyReport report = verify(options);
  EXPECT_TRUE(report.holds());
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_THAT(report.warnings, IsEmpty());
  std::map<std::string, std::uint64_t> held;
  for (const VerifyCheck& check : report.checks) held[check.name] = check.held;
  EXPECT_EQ(held.at("hashes of input files"), 4U);
  EXPECT_EQ(held.at("hashes of output files"), 5U);
  EXPECT_EQ(held.at("policy"), 1U);
  EXPECT_EQ(held.at("tensors that were cut"), 6U);
  EXPECT_EQ(held.at("tensors that were not cut"), TinyLlama().tensors().size() - 6);
  EXPECT_EQ(held.at("copied files"), 2U);
  EXPECT_EQ(held.at("config.json"), 1U);
  EXPECT_EQ(progress_.done, progress_.totals);
}

TEST_F(VerifyTest, SoDoShardsAndCopiesThatAreTied) {
  TinyLlama tiny;
  tiny.tied = true;
  tiny.stores_tied_copy = true;
  tiny.max_shard_bytes = 1;
  prune(tiny);
  EXPECT_TRUE(verify().holds());
  EXPECT_THAT(verify().checks, Contains(::testing::Field(&VerifyCheck::name, "index of shards")));
}

TEST_F(VerifyTest, ChangedBiasesAreNotCompared) {
  TinyLlama tiny;
  tiny.mlp_bias = true;
  tiny.dtype = Dtype::kF32;
  prune(tiny);
  EXPECT_TRUE(verify().holds());
  fs::remove_all(pruned_);
  tiny.write(dense_);
  // The random bytes of the biases may be no numbers at all: these are.
  {
    std::map<std::string, HostTensor> tensors;
    const SafetensorsFile old = SafetensorsFile::open(dense_ / kFile);
    for (const std::string& name : old.names()) {
      tensors[name] = old.read(name);
      if (name.ends_with("down_proj.bias")) std::ranges::fill(tensors[name].data, std::byte{0});
    }
    write_safetensors(place_ / "zeros", tensors, old.metadata());
  }
  fs::copy_file(place_ / "zeros", dense_ / kFile, fs::copy_options::overwrite_existing);
  const Checkpoint checkpoint = Checkpoint::open(dense_);
  Plan plan;
  plan.intermediate_size = 6;
  plan.keep_indices = {{0, 1}, {4, 5}};
  PruneOptions options;
  options.output = pruned_;
  options.down_bias.assign(2, VectorF::Constant(4, 0.5F));
  (void)prune_checkpoint(checkpoint, *make_family(checkpoint), plan, options, progress_);
  const VerifyReport report = verify();
  EXPECT_TRUE(report.holds());
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("2 biases of down projections were changed")));
  rewrite(kFile, [](auto& tensors) {
    for (std::byte& byte : tensors.at("model.layers.1.mlp.down_proj.bias").data) byte = std::byte{0xff};
  });
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("layers.1.mlp.down_proj.bias': has an element that is not finite")));
  edit_record([](auto& json) { json["down_bias_changed"] = false; });
  EXPECT_THAT(failures(), Contains(HasSubstr("layers.0.mlp.down_proj.bias': element [0] is 0.5")));
}

TEST_F(VerifyTest, HealedProjectionsAreNotCompared) {
  TinyLlama tiny;
  tiny.write(dense_);
  const Checkpoint checkpoint = Checkpoint::open(dense_);
  const auto family = make_family(checkpoint);
  Plan plan;
  plan.intermediate_size = 6;
  plan.keep_indices = {{0, 1}, {4, 5}};
  PruneOptions options;
  options.output = pruned_;
  options.replacements = place_ / "downs";
  options.healing =
      HealingRecord{.form = "sequential", .layers = {{1e-3, 0.4, 0.1, 0.5, 0.2}, {1e-3, 0.4, 0.1, 0.5, 0.2}}};
  DownReplacementWriter writer(options.replacements, stored_downs(checkpoint, *family), plan, 4);
  for (std::size_t layer = 0; layer < 2; ++layer) writer.write(layer, MatrixF::Constant(4, 2, 0.5F), {});
  writer.finish();
  (void)prune_checkpoint(checkpoint, *family, plan, options, progress_);
  const VerifyReport report = verify();
  EXPECT_TRUE(report.holds());
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("2 tensors of down projections were healed")));
  EXPECT_EQ(progress_.done, progress_.totals);
  rewrite(kFile, [](auto& tensors) {
    for (std::byte& byte : tensors.at("model.layers.1.mlp.down_proj.weight").data) byte = std::byte{0xff};
  });
  EXPECT_THAT(failures(),
              ElementsAre(HasSubstr("layers.1.mlp.down_proj.weight': has an element that is not finite: number 0")));
  edit_record([](auto& json) { json["healing"]["layers"].erase(1); });
  EXPECT_THAT(failures(), Contains(HasSubstr("says how 1 layers were healed, but its plan has 2")));
  edit_record([](auto& json) { json.erase("healing"); });
  EXPECT_THAT(failures(), Contains(HasSubstr("layers.0.mlp.down_proj.weight': element [0, 0] is 0.5")));
}

TEST_F(VerifyTest, AByteInATensorThatWasNotCut) {
  prune();
  const auto last = fs::file_size(pruned_ / kFile) - 1;  // of lm_head or a norm: whatever lies last
  flip_byte(pruned_ / kFile, last);
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("SHA-256"), HasSubstr("; 1 of ")));
  record_again(kFile);
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("model.safetensors: tensor '")));
}

TEST_F(VerifyTest, AnElementOfATensorThatWasCut) {
  prune();
  rewrite(kFile, [](auto& tensors) {
    std::byte& byte = tensors.at(kUp).data.at(2 * (1 * 4 + 3));
    byte ^= std::byte{1};
  });
  EXPECT_THAT(failures(),
              ElementsAre(::testing::AllOf(HasSubstr(kUp), HasSubstr("element [1, 3] is"),
                                           HasSubstr("(row 2 of the input)"), HasSubstr("1 of 16 elements differ"))));
}

TEST_F(VerifyTest, TwoKeptNeuronsThatChangedPlaces) {
  prune();
  rewrite(kFile, [](auto& tensors) {
    std::vector<std::byte>& rows = tensors.at(kUp).data;
    std::swap_ranges(rows.begin(), rows.begin() + 8, rows.begin() + 24);  // rows of four bfloat16
  });
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("8 of 16 elements differ")));
  edit_record([](auto& json) { std::swap(json["plan"]["keep_indices"][1][0], json["plan"]["keep_indices"][1][3]); });
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("keep_indices of layer 1, position 1")));
}

TEST_F(VerifyTest, OtherNeuronsThanTheRecordSays) {
  prune();
  edit_record([](auto& json) { json["plan"]["keep_indices"][0] = {0, 1, 3, 5}; });
  const auto found = failures();
  EXPECT_EQ(found.size(), 3U) << "gate, up and down of one layer";
  EXPECT_THAT(found, Contains(HasSubstr("(column 1 of the input)")));
}

TEST_F(VerifyTest, AWidthInTheConfig) {
  prune();
  auto config = nlohmann::ordered_json::parse(read_text_file(pruned_ / "config.json"));
  config["intermediate_size"] = 5;
  write_file(pruned_ / "config.json", config.dump());
  record_again("config.json");
  EXPECT_THAT(failures(), ElementsAre("config.json: at '/intermediate_size': 5 in place of 4", HasSubstr("gate_proj")));
}

TEST_F(VerifyTest, AnotherKeyInTheConfig) {
  prune();
  auto config = nlohmann::ordered_json::parse(read_text_file(pruned_ / "config.json"));
  config["auto_map"] = {{"AutoModel", "evil.py"}};
  config.erase("zeta");
  write_file(pruned_ / "config.json", config.dump());
  record_again("config.json");
  EXPECT_THAT(failures(),
              ::testing::UnorderedElementsAre(HasSubstr("at '/auto_map'"), "config.json: at '/zeta': 1 is missing"));
}

TEST_F(VerifyTest, AHashInTheRecord) {
  prune();
  edit_record([](auto& json) { json["outputs"]["LICENSE"] = std::string(64, '0'); });
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("LICENSE: SHA-256 is "), HasSubstr("LICENSE: is no copy")));
}

TEST_F(VerifyTest, ARecordThatLeavesHashesOut) {
  prune();
  edit_record([](auto& json) {
    json["outputs"].erase("tokenizer.json");
    json["inputs"].erase("config.json");
  });
  EXPECT_THAT(failures(),
              ElementsAre(HasSubstr("no SHA-256 of config.json"), HasSubstr("tokenizer.json: was not copi")));
  EXPECT_THAT(verify().warnings, ElementsAre(HasSubstr("tokenizer.json: is not recorded")));
}

TEST_F(VerifyTest, SizesInTheRecord) {
  prune();
  edit_record([](auto& json) {
    json["parameters"]["after"] = 1;
    json["achieved_ratio"]["ffn"] = 0.5;
  });
  EXPECT_THAT(failures(), ::testing::UnorderedElementsAre(HasSubstr("'/parameters/after': 1 in place of"),
                                                          HasSubstr("'/achieved_ratio/ffn': 0.5 in place of 0.333")));
}

TEST_F(VerifyTest, ARecordThatIsNone) {
  prune();
  write_file(pruned_ / "prunenet.json", "{");
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("prunenet.json: prunenet.json: not valid JSON")));
}

TEST_F(VerifyTest, ATensorTooFewAndOneTooMany) {
  prune();
  rewrite(kFile, [](auto& tensors) {
    auto node = tensors.extract("model.norm.weight");
    node.key() = "model.extra.weight";
    tensors.insert(std::move(node));
  });
  const auto found = failures();
  EXPECT_THAT(found, Contains("model.safetensors: tensor 'model.norm.weight': is missing"));
  EXPECT_THAT(found, Contains(HasSubstr("tensor 'model.extra.weight': does not belong here")));
}

TEST_F(VerifyTest, ATensorOfAnotherType) {
  prune();
  rewrite(kFile, [](auto& tensors) { tensors.at("model.norm.weight").info.dtype = Dtype::kF16; });
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("is F16 [4], but should be BF16 [4]")));
}

TEST_F(VerifyTest, ATokenizer) {
  prune();
  write_file(pruned_ / "tokenizer.json", R"({"version": "1.1"})");
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("tokenizer.json: SHA-256")));
  record_again("tokenizer.json");
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("tokenizer.json: is no copy of the input's")));
}

TEST_F(VerifyTest, ATruncatedShard) {
  TinyLlama tiny;
  tiny.max_shard_bytes = 250;
  prune(tiny);
  const std::string shard = Checkpoint::open(pruned_).shards().at(1);
  fs::resize_file(pruned_ / shard, fs::file_size(pruned_ / shard) - 3);
  const auto found = failures();
  EXPECT_THAT(found, Contains(HasSubstr(shard + ": SHA-256")));
  EXPECT_THAT(found, Contains(::testing::StartsWith(shard + ": " + (pruned_ / shard).string())));
}

TEST_F(VerifyTest, AMissingShard) {
  TinyLlama tiny;
  tiny.max_shard_bytes = 250;
  prune(tiny);
  const std::string shard = Checkpoint::open(pruned_).shards().at(1);
  fs::remove(pruned_ / shard);
  EXPECT_THAT(failures(), Contains(::testing::StartsWith(shard + ": ")));
}

TEST_F(VerifyTest, AnIndexThatSendsATensorElsewhere) {
  TinyLlama tiny;
  tiny.max_shard_bytes = 250;
  prune(tiny);
  auto index = nlohmann::json::parse(read_text_file(pruned_ / "model.safetensors.index.json"));
  index["metadata"]["total_size"] = 1;
  write_file(pruned_ / "model.safetensors.index.json", index.dump());
  record_again("model.safetensors.index.json");
  EXPECT_THAT(failures(), Contains(HasSubstr("index.json: at '/metadata/total_size': 1 in place of")));
}

TEST_F(VerifyTest, AnotherInput) {
  prune();
  TinyLlama other;
  other.vocabulary = 6;
  other.write(dense_);
  EXPECT_THAT(failures(), Contains(HasSubstr("model.safetensors: SHA-256")));
  other = {};
  other.layers = 3;
  other.write(dense_);
  EXPECT_THAT(failures(), Contains(HasSubstr("the plan is for 2 layers")));
}

TEST_F(VerifyTest, AnotherPolicy) {
  prune();
  write_file(place_ / "other.safetensors", "another policy");
  VerifyOptions options;
  options.policy = place_ / "other.safetensors";
  const VerifyReport report = verify(options);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures.front().check, "policy");
  edit_record([](auto& json) { json["policy"] = nullptr; });
  EXPECT_THAT(to_string(verify(options).failures.at(0)), HasSubstr("names no policy"));
}

TEST_F(VerifyTest, FilesThatNobodyKnowsAreWarnedOf) {
  prune();
  fs::create_directory(pruned_ / "folder");
  write_file(pruned_ / "folder/modeling.py", "import os");
  write_file(dense_ / "notes.txt", "new");
  const VerifyReport report = verify();
  EXPECT_TRUE(report.holds());
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("notes.txt: was not in the input"),
                                           HasSubstr("folder/modeling.py: is not recorded")));
}

TEST_F(VerifyTest, AllFailuresAreCountedAndSomeDescribed) {
  prune();
  rewrite(kFile, [](auto& tensors) {
    for (auto& [name, tensor] : tensors) tensor.data.front() ^= std::byte{1};
  });
  VerifyOptions options;
  options.most_failures = 3;
  const VerifyReport report = verify(options);
  EXPECT_EQ(report.failures.size(), 3U);
  EXPECT_EQ(report.failure_count, TinyLlama().tensors().size());
}

TEST_F(VerifyTest, WhatCannotBeLookedAt) {
  prune();
  const auto error = [this](ErrorKind kind, std::initializer_list<std::string> fragments, const fs::path& output,
                            const fs::path& input) {
    expect_error(kind, fragments, [&] { (void)verify_pruned(output, input, {}, progress_); });
  };
  error(ErrorKind::kBadInput, {"nowhere", "no such model"}, place_ / "nowhere", dense_);
  error(ErrorKind::kBadInput, {"dense", "no prunenet.json"}, dense_, dense_);
  error(ErrorKind::kBadInput, {"nowhere"}, pruned_, place_ / "nowhere");
  error(ErrorKind::kInvalidArgument, {"one is a GGUF file"}, pruned_, place_ / "m.gguf");
  edit_record([](auto& json) { json["format_version"] = 9; });
  error(ErrorKind::kUnsupported, {"format_version is 9"}, pruned_, dense_);
  edit_record([](auto& json) { json["format_version"] = 2; });
  fs::resize_file(dense_ / kFile, 20);
  error(ErrorKind::kBadInput, {"dense", kFile}, pruned_, dense_);
}

}  // namespace
}  // namespace prunenet
