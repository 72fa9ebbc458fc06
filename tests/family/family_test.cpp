#include "prunenet/family/family.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/core/file.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::TemporaryDirectory;

std::filesystem::path models() {
  return std::filesystem::path(PRUNENET_TEST_DATA) / "models";
}

/// A copy of a tiny model whose config.json is changed.
Checkpoint patched(const TemporaryDirectory& directory, const std::string& name, const nlohmann::json& patch) {
  nlohmann::json config = nlohmann::json::parse(read_text_file(models() / name / "config.json"));
  config.merge_patch(patch);
  testing::write_file(directory / "config.json", config.dump());
  std::filesystem::copy_file(models() / name / "model.safetensors", directory / "model.safetensors");
  return Checkpoint::open(directory.path());
}

TEST(Family, NamesTheTensorsOfEveryVariant) {
  for (const auto& [directory, family_name] :
       std::vector<std::pair<std::string, std::string>>{{"llama-grouped-tied", "llama"},
                                                        {"llama-biased-untied", "llama"},
                                                        {"llama-linear-rope-head-dim", "llama"},
                                                        {"llama-llama3-rope", "llama"},
                                                        {"mistral", "mistral"},
                                                        {"qwen2", "qwen2"}}) {
    const Checkpoint checkpoint = Checkpoint::open(models() / directory);
    const auto family = make_family(checkpoint);
    EXPECT_EQ(family->name(), family_name);
    EXPECT_EQ(family->width_field(), "intermediate_size");
    // Every tensor of the file has a role, and none is named that is not there.
    std::set<std::string> named{family->embedding(), family->output_projection().weight, family->final_norm().gain};
    for (std::int64_t layer = 0; layer < family->config().num_hidden_layers; ++layer) {
      const FfnBlock f = family->ffn_block(layer);
      const AttentionBlock a = family->attention_block(layer);
      for (const LinearPlace& place : {f.gate, f.up, f.down, a.q, a.k, a.v, a.o}) {
        named.insert({place.weight, place.bias});
      }
      named.insert({f.norm.gain, a.norm.gain});
    }
    named.erase("");
    for (const std::string& name : named) EXPECT_TRUE(checkpoint.has(name)) << name;
    EXPECT_EQ(named.size(), checkpoint.tensors().size()) << directory;
  }
}

TEST(Family, ReadsTheWeightsOfABlock) {
  const Checkpoint checkpoint = Checkpoint::open(models() / "llama-grouped-tied");
  const FfnWeights weights = read_ffn(checkpoint, *make_family(checkpoint), 1);
  EXPECT_EQ(weights.gate, checkpoint.read_matrix("model.layers.1.mlp.gate_proj.weight"));
  EXPECT_EQ(weights.up, checkpoint.read_matrix("model.layers.1.mlp.up_proj.weight"));
  EXPECT_EQ(weights.down, checkpoint.read_matrix("model.layers.1.mlp.down_proj.weight"));
}

TEST(Family, RefusesAnArchitectureItDoesNotKnow) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = patched(directory, "mistral", {{"architectures", {"BloomForCausalLM"}}});
  testing::expect_error(ErrorKind::kUnsupported, {"'BloomForCausalLM'", "LlamaForCausalLM, Mistral", "Qwen2"},
                        [&] { (void)make_family(checkpoint); });
}

TEST(Family, SaysThatMixturesOfExpertsCannotBePruned) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint =
      patched(directory, "mistral", {{"architectures", {"MixtralForCausalLM"}}, {"num_local_experts", 8}});
  testing::expect_error(ErrorKind::kUnsupported, {"'MixtralForCausalLM'", "mixtures of experts"},
                        [&] { (void)make_family(checkpoint); });
}

/// A copy of a tiny model with one tensor more, of one zero.
Checkpoint with_tensor(const TemporaryDirectory& directory, const std::string& name, const std::string& tensor) {
  const Checkpoint checkpoint = Checkpoint::open(models() / name);
  std::filesystem::copy_file(models() / name / "config.json", directory / "config.json");
  std::vector<TensorDeclaration> tensors{{tensor, Dtype::kF32, {1}}};
  for (const auto& [key, info] : checkpoint.tensors()) tensors.push_back({key, info.dtype, info.shape});
  SilentProgress silent;
  write_shards(
      directory.path(), split_into_shards(tensors),
      [&](const std::string& key) {
        return key == tensor ? std::vector<std::byte>(sizeof(float)) : checkpoint.read(key).data;
      },
      silent);
  return Checkpoint::open(directory.path());
}

TEST(Family, RefusesQuantisedCheckpointsAndAdaptersByTheirTensors) {
  for (const auto& [tensor, kind] :
       std::vector<std::pair<std::string, std::string>>{{"model.layers.0.mlp.up_proj.qweight", "GPTQ or AWQ"},
                                                        {"model.layers.0.mlp.up_proj.weight.absmax", "bitsandbytes"},
                                                        {"model.layers.0.mlp.up_proj.SCB", "bitsandbytes"},
                                                        {"model.layers.0.mlp.up_proj.weight_scale", "eight bits"},
                                                        {"base.layers.0.q_proj.lora_A.weight", "adapter"}}) {
    const TemporaryDirectory directory;
    const Checkpoint checkpoint = with_tensor(directory, "mistral", tensor);
    testing::expect_error(ErrorKind::kUnsupported, {tensor.c_str(), kind.c_str(), "first"},
                          [&] { (void)make_family(checkpoint); });
  }
}

TEST(Family, RefusesATensorWithoutAPlace) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = with_tensor(directory, "mistral", "model.vision_tower.weight");
  testing::expect_error(ErrorKind::kUnsupported, {"model.vision_tower.weight", "no place"},
                        [&] { (void)make_family(checkpoint); });
}

TEST(Family, AcceptsTensorsKnownToHaveNoUse) {
  for (const auto& [model, tensor] :
       std::vector<std::pair<std::string, std::string>>{{"mistral", "model.layers.1.self_attn.rotary_emb.inv_freq"},
                                                        {"gpt2", "transformer.h.0.attn.bias"},
                                                        {"gpt2", "lm_head.weight"},
                                                        {"gpt-neox", "gpt_neox.layers.1.attention.masked_bias"}}) {
    const TemporaryDirectory directory;
    EXPECT_NO_THROW((void)make_family(with_tensor(directory, model, tensor))) << tensor;
  }
}

TEST(Family, RejectsAConfigWithoutOneArchitecture) {
  for (const nlohmann::json& value :
       {nlohmann::json(nullptr), nlohmann::json("LlamaForCausalLM"), nlohmann::json::array(), nlohmann::json{1}}) {
    const TemporaryDirectory directory;
    const Checkpoint checkpoint = patched(directory, "mistral", {{"architectures", value}});
    testing::expect_error(ErrorKind::kBadInput, {"config.json", "architectures"},
                          [&] { (void)make_family(checkpoint); });
  }
}

TEST(Family, RejectsAWidthThatTheTensorsDoNotHave) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = patched(directory, "mistral", {{"intermediate_size", 32}});
  testing::expect_error(ErrorKind::kMismatch, {"gate_proj", "[24, 16]", "[32, 16]"},
                        [&] { (void)make_family(checkpoint); });
}

TEST(Family, RejectsACheckpointThatLacksTensors) {
  const TemporaryDirectory layers;
  testing::expect_error(ErrorKind::kBadInput, {"model.layers.2.", "missing"}, [&] {
    (void)make_family(patched(layers, "mistral", {{"num_hidden_layers", 3}}));
  });
  const TemporaryDirectory head;
  testing::expect_error(ErrorKind::kBadInput, {"lm_head.weight", "missing", "[64, 16]"}, [&] {
    (void)make_family(patched(head, "llama-grouped-tied", {{"tie_word_embeddings", false}}));
  });
  const TemporaryDirectory bias;
  testing::expect_error(ErrorKind::kBadInput, {"q_proj.bias", "missing"}, [&] {
    (void)make_family(patched(bias, "llama-grouped-tied", {{"attention_bias", true}}));
  });
}

}  // namespace
}  // namespace prunenet
