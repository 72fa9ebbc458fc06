#include "prunenet/prune/prune.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "prune/tiny_llama.h"
#include "prunenet/core/file.h"
#include "prunenet/core/sha256.h"
#include "prunenet/prune/record.h"
#include "support/expect_error.h"
#include "support/full_disk.h"
#include "support/recording_progress.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::four_of_six;
using testing::RecordingProgress;
using testing::TinyLlama;
using testing::write_file;

Plan whole() {
  Plan plan = four_of_six();
  plan.requested_ratio = 0.0;
  for (auto& keep : plan.keep_indices) keep = {0, 1, 2, 3, 4, 5};
  return plan;
}

/// Bytes of the kept rows (axis 0) or columns (axis 1) of a matrix, element by element.
std::vector<std::byte> kept_bytes(const HostTensor& tensor, std::size_t axis, const std::vector<std::int64_t>& keep) {
  const std::int64_t columns = tensor.info.shape.size() == 2 ? tensor.info.shape[1] : 1;
  const auto size = static_cast<std::int64_t>(size_of(tensor.info.dtype));
  std::vector<std::byte> bytes;
  for (std::int64_t row = 0; row < tensor.info.shape[0]; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      if (std::ranges::find(keep, axis == 0 ? row : column) == keep.end()) continue;
      const auto* const from = tensor.data.data() + (row * columns + column) * size;
      bytes.insert(bytes.end(), from, from + size);
    }
  }
  return bytes;
}

/// A model, its plan and a place for the output.
struct Case {
  explicit Case(const TinyLlama& tiny) { tiny.write(place / "dense"); }
  [[nodiscard]] Checkpoint dense() const { return Checkpoint::open(place / "dense"); }
  PruneReport prune(const Plan& plan = four_of_six()) {
    PruneOptions options;
    options.output = place / "pruned";
    return prune(plan, options);
  }
  PruneReport prune(const Plan& plan, const PruneOptions& options) {
    const Checkpoint checkpoint = dense();
    return prune_checkpoint(checkpoint, *make_family(checkpoint), plan, options, progress);
  }
  [[nodiscard]] Checkpoint pruned() const { return Checkpoint::open(place / "pruned"); }
  [[nodiscard]] std::ptrdiff_t entries() const { return std::distance(fs::directory_iterator(place.path()), {}); }

  testing::TemporaryDirectory place;
  RecordingProgress progress;
};

struct Variant {
  const char* name;
  TinyLlama tiny;
};

void PrintTo(const Variant& variant, std::ostream* out) {
  *out << variant.name;
}

std::vector<Variant> variants() {
  std::vector<Variant> all{{"Plain", {}}, {"Shards", {}}, {"Tied", {}}, {"Biases", {}}, {"F32", {}}, {"F16Shards", {}}};
  all[1].tiny.max_shard_bytes = 120;
  all[2].tiny.tied = true;
  all[3].tiny.mlp_bias = true;
  all[4].tiny.dtype = Dtype::kF32;
  all[5].tiny.dtype = Dtype::kF16;
  all[5].tiny.max_shard_bytes = 1;  // every tensor has its own
  return all;
}

class PruneContract : public ::testing::TestWithParam<Variant> {};

TEST_P(PruneContract, KeepsExactlyWhatThePlanSays) {
  Case test(GetParam().tiny);
  const Plan plan = four_of_six();
  test.prune(plan);
  const Checkpoint dense = test.dense();
  const Checkpoint pruned = test.pruned();
  const auto family = make_family(pruned);  // shapes and config agree
  EXPECT_EQ(family->config().intermediate_size, 4);
  EXPECT_EQ(pruned.tensors().size(), dense.tensors().size());
  int cut = 0;
  for (const auto& [name, info] : dense.tensors()) {
    const HostTensor before = dense.read(name);
    const HostTensor after = pruned.read(name);
    EXPECT_EQ(after.info.dtype, before.info.dtype);
    EXPECT_EQ(pruned.shard_of(name), dense.shard_of(name));
    const bool down = name.ends_with("down_proj.weight");
    if (down || name.find("gate_proj") != std::string::npos || name.find("up_proj") != std::string::npos) {
      const auto& keep = plan.keep_indices.at(name.find("layers.1.") == std::string::npos ? 0 : 1);
      EXPECT_EQ(after.info.shape.at(down ? 1 : 0), 4);
      EXPECT_EQ(after.data, kept_bytes(before, down ? 1 : 0, keep)) << name;
      ++cut;
    } else {
      EXPECT_EQ(after.info.shape, before.info.shape);
      EXPECT_EQ(after.data, before.data) << name;
    }
  }
  EXPECT_EQ(cut, GetParam().tiny.mlp_bias ? 10 : 6);
  for (const std::string& shard : dense.shards()) EXPECT_EQ(pruned.metadata_of(shard), dense.metadata_of(shard));
}

TEST_P(PruneContract, RemovingNothingGivesTheSameFiles) {
  Case test(GetParam().tiny);
  test.prune(whole());
  const Checkpoint dense = test.dense();
  for (const std::string& shard : dense.shards()) {
    EXPECT_EQ(sha256_file(test.place / "dense" / shard), sha256_file(test.place / "pruned" / shard));
  }
}

TEST_P(PruneContract, EstimateIsWhatHappens) {
  Case test(GetParam().tiny);
  const Checkpoint dense = test.dense();
  const PruneEstimate estimate = estimate_prune(dense, *make_family(dense), four_of_six());
  EXPECT_FALSE(fs::exists(test.place / "pruned"));
  const PruneReport report = test.prune();
  const Checkpoint pruned = test.pruned();
  std::uint64_t bytes = 0;
  for (const std::string& shard : pruned.shards()) bytes += fs::file_size(test.place / "pruned" / shard);
  if (pruned.is_sharded()) bytes += fs::file_size(test.place / "pruned/model.safetensors.index.json");
  EXPECT_EQ(estimate.bytes_after, bytes);
  EXPECT_EQ(estimate.parameters_before, dense.parameters());
  EXPECT_EQ(estimate.parameters_after, pruned.parameters());
  EXPECT_EQ(estimate.intermediate_size_after, 4);
  EXPECT_DOUBLE_EQ(estimate.ffn_ratio, 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(estimate.model_ratio,
                   1.0 - static_cast<double>(pruned.parameters()) / static_cast<double>(dense.parameters()));
  EXPECT_EQ(report.sizes.bytes_after, estimate.bytes_after);
  EXPECT_GT(report.peak_rss_bytes, 0U);
  EXPECT_EQ(test.progress.done, test.progress.totals);
}

INSTANTIATE_TEST_SUITE_P(Variants, PruneContract, ::testing::ValuesIn(variants()),
                         [](const auto& test) { return test.param.name; });

TEST(Prune, ConfigKeepsItsKeysAndTheirOrder) {
  Case test({});
  test.prune();
  const auto before = nlohmann::ordered_json::parse(read_text_file(test.place / "dense/config.json"));
  const auto after = nlohmann::ordered_json::parse(read_text_file(test.place / "pruned/config.json"));
  auto expected = before;
  expected["intermediate_size"] = 4;
  EXPECT_EQ(after.dump(), expected.dump());
}

TEST(Prune, TiedCopyIsStoredOnce) {
  TinyLlama tiny;
  tiny.tied = true;
  tiny.stores_tied_copy = true;
  tiny.max_shard_bytes = 1;  // the copy has a shard of its own, which goes with it
  Case test(tiny);
  const PruneReport report = test.prune();
  const Checkpoint pruned = test.pruned();
  EXPECT_FALSE(pruned.has("lm_head.weight"));
  EXPECT_EQ(pruned.shards().size() + 1, test.dense().shards().size());
  EXPECT_EQ(report.sizes.parameters_after, pruned.parameters());
}

TEST(Prune, OtherFilesGoAlongButNoWeights) {
  Case test({});
  const fs::path dense = test.place / "dense";
  fs::create_directories(dense / "additional_chat_templates");
  fs::create_directories(dense / ".git");
  fs::create_directories(dense / "checkpoint-500");
  write_file(dense / "additional_chat_templates/tool.jinja", "template");
  for (const char* name : {"pytorch_model.bin", "model.gguf", "tf_model.h5", "flax_model.msgpack", "model.onnx",
                           "pytorch_model.bin.index.json", "prunenet.json", ".gitattributes", ".git/HEAD",
                           "checkpoint-500/optimizer.pt"}) {
    write_file(dense / name, "stale");
  }
  test.prune();
  std::vector<std::string> names;
  for (const auto& item : fs::recursive_directory_iterator(test.place / "pruned")) {
    if (item.is_regular_file()) names.push_back(item.path().lexically_relative(test.place / "pruned").string());
  }
  EXPECT_THAT(names,
              ::testing::UnorderedElementsAre("LICENSE", "README.md", "additional_chat_templates/tool.jinja",
                                              "config.json", "model.safetensors", "prunenet.json", "tokenizer.json"));
  EXPECT_EQ(read_text_file(test.place / "pruned/additional_chat_templates/tool.jinja"), "template");
  EXPECT_NE(read_text_file(test.place / "pruned/prunenet.json"), "stale");
}

TEST(Prune, RecordSaysHowItWasMade) {
  Case test({});
  write_file(test.place / "policy.safetensors", "a policy");
  PruneOptions options;
  options.output = test.place / "pruned";
  options.command_line = "prunenet apply --ratio 0.3";
  options.seed = 7;
  options.policy = test.place / "policy.safetensors";
  const Plan plan = four_of_six();
  test.prune(plan, options);
  const auto record = nlohmann::json::parse(read_text_file(test.place / "pruned/prunenet.json"));
  EXPECT_EQ(record["format_version"], 2);
  EXPECT_EQ(record["run"]["command_line"], "prunenet apply --ratio 0.3");
  EXPECT_EQ(record["seed"], 7);
  EXPECT_EQ(record["model"], "dense");
  EXPECT_EQ(record["policy"]["sha256"], sha256_file(options.policy));
  EXPECT_EQ(record["requested_ratio"], 0.3);
  EXPECT_DOUBLE_EQ(record["achieved_ratio"]["ffn"], 1.0 / 3.0);
  EXPECT_GT(record["run"]["wall_seconds"], 0.0);
  EXPECT_GT(record["run"]["peak_rss_bytes"], 0);
  EXPECT_EQ(plan_from_json(record["plan"]).keep_indices, plan.keep_indices);
  EXPECT_EQ(record["inputs"].size(), 4U) << "weights, config, tokenizer, licence";
  for (const auto& [name, digest] : record["inputs"].items()) {
    EXPECT_EQ(digest, sha256_file(test.place / "dense" / name)) << name;
  }
  EXPECT_EQ(record["outputs"].size(), 5U);  // all but the record itself
  for (const auto& [name, digest] : record["outputs"].items()) {
    EXPECT_EQ(digest, sha256_file(test.place / "pruned" / name)) << name;
  }
}

TEST(Prune, CommandLineNeedNotBeUtf8) {
  Case test({});
  PruneOptions options;
  options.output = test.place / "pruned";
  options.command_line = "prunenet apply --out caf\xe9";
  test.prune(four_of_six(), options);
  const auto record = nlohmann::json::parse(read_text_file(test.place / "pruned/prunenet.json"));
  EXPECT_THAT(record["run"]["command_line"], ::testing::HasSubstr("--out caf"));
}

TEST(Prune, ModelCardKeepsWhatWasThere) {
  const std::string card = "---\nlicense: mit\n---\n# A model\nno newline at the end";
  Case test({});
  write_file(test.place / "dense/README.md", card);
  test.prune();
  const std::string written = read_text_file(test.place / "pruned/README.md");
  EXPECT_TRUE(written.starts_with(card + "\n\n## Pruned by prunenet\n"));
  EXPECT_THAT(written, ::testing::HasSubstr("| intermediate size | 6 | 4 |"));
  EXPECT_THAT(written, ::testing::HasSubstr("33.3 %"));
}

TEST(Prune, InputIsNotChanged) {
  Case test({});
  SilentProgress silent;
  const std::vector<std::string> names{"model.safetensors", "config.json", "tokenizer.json", "LICENSE"};
  const Digests before = digest_files(test.place / "dense", names, "", silent);
  test.prune();
  EXPECT_EQ(digest_files(test.place / "dense", names, "", silent), before);
}

TEST(PruneErrors, PlanOfAnotherModel) {
  Case test({});
  Plan wider = four_of_six();
  wider.intermediate_size = 8;
  expect_error(ErrorKind::kMismatch, {"8", "6"}, [&] { test.prune(wider); });
  Plan deeper = four_of_six();
  deeper.keep_indices.push_back({0, 1, 2, 3});
  expect_error(ErrorKind::kMismatch, {"3", "2"}, [&] { test.prune(deeper); });
  Plan uneven = four_of_six();
  uneven.keep_indices[1].pop_back();
  expect_error(ErrorKind::kUnsupported, {"3 to 4 neurons", "one intermediate_size", "deci"},
               [&] { test.prune(uneven); });
  Plan bare = four_of_six();
  bare.keep_indices[1].clear();
  expect_error(ErrorKind::kUnsupported, {"no neuron of layer 1"}, [&] { test.prune(bare); });
  EXPECT_EQ(test.entries(), 1);
}

TEST(PruneErrors, ReplacementsOfAnotherModel) {
  Case test({});
  PruneOptions options;
  options.output = test.place / "pruned";
  options.replacements = test.place / "new";
  const std::string down = "model.layers.1.mlp.down_proj.weight";
  write_safetensors(options.replacements, {{down, testing::float_tensor({4, 3}, std::vector<float>(12))}}, {});
  expect_error(ErrorKind::kMismatch, {down, "[4, 3]", "[4, 4]"}, [&] { test.prune(four_of_six(), options); });
  write_safetensors(options.replacements, {{"model.down", testing::float_tensor({4, 4}, std::vector<float>(16))}}, {});
  expect_error(ErrorKind::kMismatch, {"1 replacements", "output has 0"}, [&] { test.prune(four_of_six(), options); });
  write_safetensors(options.replacements, {{down, testing::float_tensor({4, 4}, std::vector<float>(16), Dtype::kF16)}},
                    {});
  expect_error(ErrorKind::kMismatch, {"F16", "F32"}, [&] { test.prune(four_of_six(), options); });
  options.replacements = test.place / "nowhere";
  expect_error(ErrorKind::kBadInput, {"nowhere"}, [&] { test.prune(four_of_six(), options); });
  EXPECT_EQ(test.entries(), 2);
}

TEST(PruneErrors, OutputInTheWay) {
  Case test({});
  fs::create_directory(test.place / "pruned");
  write_file(test.place / "pruned/config.json", "old");
  expect_error(ErrorKind::kAlreadyExists, {"pruned", "--force"}, [&] { test.prune(); });
  PruneOptions options;
  options.output = test.place / "pruned";
  options.force = true;
  test.prune(four_of_six(), options);
  EXPECT_EQ(make_family(test.pruned())->config().intermediate_size, 4);
}

TEST(PruneErrors, OutputOverTheInput) {
  Case test({});
  write_file(test.place / "config.json", "{}");
  for (const fs::path& output : {test.place / "dense", test.place.path(), test.place / "dense/../dense/"}) {
    PruneOptions options;
    options.output = output;
    options.force = true;
    expect_error(ErrorKind::kInvalidArgument, {"would replace", "made from"},
                 [&] { test.prune(four_of_six(), options); });
  }
  EXPECT_EQ(test.dense().tensors().size(), TinyLlama().tensors().size());
}

TEST(PruneErrors, InterruptedAnywhereLeavesNothing) {
  TinyLlama tiny;
  tiny.layers = 1;
  tiny.max_shard_bytes = 250;
  Case test(tiny);
  const Checkpoint dense = test.dense();
  ASSERT_EQ(dense.shards().size(), 2U);
  Plan plan = four_of_six();
  plan.keep_indices.pop_back();
  PruneOptions options;
  options.output = test.place / "new/pruned";
  RecordingProgress whole_run;
  prune_checkpoint(dense, *make_family(dense), plan, options, whole_run);
  fs::remove_all(test.place / "new");
  ASSERT_GT(whole_run.advances, 20);
  for (int call = 1; call <= whole_run.advances; ++call) {
    RecordingProgress progress(call);
    expect_error(ErrorKind::kInterrupted, {"stopped"},
                 [&] { prune_checkpoint(dense, *make_family(dense), plan, options, progress); });
    EXPECT_EQ(test.entries(), 1) << "after call " << call;
  }
}

TEST(PruneErrors, FullDiskLeavesNothing) {
  Case test({});
  const int status = testing::run_with_file_limit(1000, [&] {
    try {
      test.prune();
    } catch (const Error& error) {
      return error.kind() == ErrorKind::kOutOfSpace ? 7 : 1;
    }
    return 2;
  });
  EXPECT_EQ(status, 7);
  EXPECT_EQ(test.entries(), 1);
}

}  // namespace
}  // namespace prunenet
