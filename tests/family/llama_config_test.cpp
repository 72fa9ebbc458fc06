#include "prunenet/family/llama_family.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using nlohmann::json;

json minimal() {
  return json::parse(R"({"vocab_size": 64, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
                         "num_attention_heads": 4, "max_position_embeddings": 128})");
}

/// What an adapter makes of a config; these adapters do not look at the tensors.
std::unique_ptr<Family> family_of(const json& config, MakeFamily make = &make_llama) {
  const std::function<bool(const std::string&)> no_tensors = [](const std::string&) { return false; };
  return make({ConfigFields(config, "config.json"), no_tensors, "LlamaForCausalLM"});
}

ModelConfig read(const json& config, MakeFamily make = &make_llama) {
  return family_of(config, make)->config();
}

json with(const std::string& patch) {
  json config = minimal();
  config.merge_patch(json::parse(patch));
  return config;
}

TEST(LlamaConfig, DefaultsAreThoseOfTransformers) {
  const ModelConfig config = read(minimal());
  EXPECT_EQ(config.num_key_value_heads, 4);
  EXPECT_EQ(config.head_dim, 4);
  EXPECT_EQ(config.norm_eps, 1e-6);
  EXPECT_EQ(config.rope_theta, 10000.0);
  EXPECT_EQ(config.rope_scaling.kind, RopeScaling::Kind::kNone);
  EXPECT_EQ(config.activation, Activation::kSilu);
  EXPECT_FALSE(config.tie_word_embeddings);
  EXPECT_EQ(config.rotary_dim, 4);
  EXPECT_TRUE(family_of(minimal())->ffn_block(0).up.bias.empty());
  EXPECT_TRUE(family_of(minimal())->attention_block(0).q.bias.empty());
  EXPECT_FALSE(config.bos_token_id.has_value());
  EXPECT_TRUE(config.eos_token_ids.empty());
}

TEST(LlamaConfig, ReadsBothFormsOfRotaryScaling) {
  const ModelConfig old_form = read(with(R"({"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2}})"));
  EXPECT_EQ(old_form.rope_theta, 5e5);
  EXPECT_EQ(old_form.rope_scaling.kind, RopeScaling::Kind::kLinear);
  EXPECT_EQ(old_form.rope_scaling.factor, 2.0);
  const ModelConfig new_form = read(with(
      R"({"rope_parameters": {"rope_type": "llama3", "rope_theta": 7e5, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})"));
  EXPECT_EQ(new_form.rope_theta, 7e5);
  EXPECT_EQ(new_form.rope_scaling.kind, RopeScaling::Kind::kLlama3);
  EXPECT_EQ(new_form.rope_scaling.factor, 8.0);
  EXPECT_EQ(new_form.rope_scaling.high_freq_factor, 4.0);
  EXPECT_EQ(new_form.rope_scaling.original_max_position_embeddings, 8192);
  EXPECT_EQ(read(with(R"({"rope_parameters": {"rope_type": "default", "rope_theta": 3e4}})")).rope_theta, 3e4);
}

TEST(LlamaConfig, ReadsSpecialTokensAndActivations) {
  const ModelConfig config = read(with(R"({"bos_token_id": 1, "eos_token_id": [2, 5], "hidden_act": "gelu"})"));
  EXPECT_EQ(config.bos_token_id, 1);
  EXPECT_EQ(config.eos_token_ids, (std::vector<std::int64_t>{2, 5}));
  EXPECT_EQ(config.activation, Activation::kGelu);
  EXPECT_EQ(read(with(R"({"hidden_act": "gelu_pytorch_tanh"})")).activation, Activation::kGeluTanh);
  EXPECT_EQ(read(with(R"({"hidden_act": "relu"})")).activation, Activation::kRelu);
}

TEST(LlamaConfig, ArchitecturesDifferByTheirBiases) {
  const auto biases_of = [](const json& config, MakeFamily make) {
    const auto family = family_of(config, make);
    const AttentionBlock attention = family->attention_block(1);
    return std::vector<bool>{!attention.q.bias.empty(), !attention.o.bias.empty(),
                             !family->ffn_block(1).gate.bias.empty()};
  };
  const json all = with(R"({"attention_bias": true, "mlp_bias": true})");
  EXPECT_EQ(biases_of(all, &make_llama), (std::vector<bool>{true, true, true}));
  EXPECT_EQ(biases_of(all, &make_mistral), (std::vector<bool>{false, false, false}));
  EXPECT_EQ(biases_of(minimal(), &make_qwen2), (std::vector<bool>{true, false, false}));
}

TEST(LlamaConfig, ReadsSlidingWindows) {
  const auto windows = [](const std::string& patch, MakeFamily make) { return read(with(patch), make).windows; };
  using List = std::vector<std::int64_t>;
  EXPECT_EQ(windows(R"({"sliding_window": 8})", &make_llama), List{}) << "LLaMA has none";
  EXPECT_EQ(windows(R"({"sliding_window": 8})", &make_mistral), (List{8, 8}));
  EXPECT_EQ(windows("{}", &make_mistral), (List{4096, 4096}));
  json no_window = minimal();
  no_window["sliding_window"] = nullptr;
  EXPECT_EQ(read(no_window, &make_mistral).windows, List{});
  const std::string qwen = R"({"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 1})";
  EXPECT_EQ(windows(qwen, &make_qwen2), (List{0, 8}));
  EXPECT_EQ(windows(R"({"sliding_window": 8})", &make_qwen2), List{}) << "not used unless asked for";
  EXPECT_EQ(windows(R"({"use_sliding_window": true, "sliding_window": 8,
                        "layer_types": ["sliding_attention", "full_attention"]})",
                    &make_qwen2),
            (List{8, 0}));
  testing::expect_error(ErrorKind::kBadInput, {"layer_types has 1 entries for 2 layers"}, [] {
    (void)read(with(R"({"sliding_window": 8, "layer_types": ["full_attention"]})"), &make_mistral);
  });
  testing::expect_error(ErrorKind::kUnsupported, {"layer_types names 'linear_attention'"}, [] {
    (void)read(with(R"({"sliding_window": 8, "layer_types": ["linear_attention", "full_attention"]})"), &make_mistral);
  });
}

TEST(LlamaConfig, NamesInMessagesAreEscaped) {
  const auto expect_escaped = [](const char* change, MakeFamily make) {
    testing::expect_error(ErrorKind::kUnsupported, {R"(a\x0ab)"}, [&] { (void)read(with(change), make); });
  };
  expect_escaped(R"({"sliding_window": 8, "layer_types": ["a\nb", "full_attention"]})", &make_mistral);
  expect_escaped(R"({"hidden_act": "a\nb"})", &make_llama);
  expect_escaped(R"({"rope_scaling": {"rope_type": "a\nb"}})", &make_llama);
  expect_escaped(R"({"quantization_config": {"quant_method": "a\nb"}})", &make_llama);
}

struct Rejected {
  std::string name;
  std::string patch;
  ErrorKind kind;
  std::vector<std::string> fragments;
};

void PrintTo(const Rejected& rejected, std::ostream* out) {  // not its bytes, some of which are padding
  *out << rejected.name;
}

class LlamaConfigErrors : public ::testing::TestWithParam<Rejected> {};

TEST_P(LlamaConfigErrors, NameKeyAndNumbers) {
  const Rejected& rejected = GetParam();
  try {
    (void)read(with(rejected.patch));
    ADD_FAILURE() << rejected.patch << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.kind()), to_string(rejected.kind));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("config.json: "));
    for (const std::string& fragment : rejected.fragments) EXPECT_THAT(error.what(), ::testing::HasSubstr(fragment));
  }
}

constexpr auto kBad = ErrorKind::kBadInput;
constexpr auto kNo = ErrorKind::kUnsupported;

INSTANTIATE_TEST_SUITE_P(
    Values, LlamaConfigErrors,
    ::testing::Values(
        Rejected{"no_vocabulary", R"({"vocab_size": null})", kBad, {"vocab_size is missing"}},
        Rejected{"no_width", R"({"intermediate_size": 0})", kBad, {"intermediate_size is 0"}},
        Rejected{"negative_hidden", R"({"hidden_size": -16})", kBad, {"hidden_size is -16"}},
        Rejected{"too_many_layers", R"({"num_hidden_layers": 10001})", kBad, {"10001", "10000"}},
        Rejected{"heads_do_not_divide", R"({"num_attention_heads": 3})", kBad, {"16", "3 attention heads"}},
        Rejected{"kv_heads_do_not_divide", R"({"num_key_value_heads": 3})", kBad, {"3", "4 attention heads"}},
        Rejected{"more_kv_heads", R"({"num_key_value_heads": 8})", kBad, {"num_key_value_heads is 8", "[1, 4]"}},
        Rejected{"odd_head_dim", R"({"head_dim": 5})", kBad, {"head_dim is 5", "even"}},
        Rejected{"eps", R"({"rms_norm_eps": -1e-6})", kBad, {"rms_norm_eps"}},
        Rejected{"theta", R"({"rope_theta": 0})", kBad, {"rope_theta is 0"}},
        Rejected{"bos", R"({"bos_token_id": 64})", kBad, {"bos_token_id is 64", "[0, 63]"}},
        Rejected{"eos", R"({"eos_token_id": [2, -1]})", kBad, {"eos_token_id is -1"}},
        Rejected{"activation", R"({"hidden_act": "mish"})", kNo, {"mish", "silu"}},
        Rejected{"rope_type", R"({"rope_scaling": {"type": "yarn", "factor": 2}})", kNo, {"rope_scaling.type", "yarn"}},
        Rejected{
            "partial", R"({"rope_parameters": {"partial_rotary_factor": 0.25}})", kBad, {"head_dim is 4", "1 are"}},
        Rejected{"factor", R"({"rope_scaling": {"rope_type": "linear"}})", kBad, {"rope_scaling.factor is missing"}},
        Rejected{"small_factor", R"({"rope_scaling": {"type": "linear", "factor": 0.5}})", kBad, {"factor is 0.5"}},
        Rejected{"llama3_limits",
                 R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4,
                     "original_max_position_embeddings": 64}})",
                 kBad,
                 {"high_freq_factor is 4", "low_freq_factor 4"}},
        Rejected{"quantised",
                 R"({"quantization_config": {"quant_method": "gptq"}})",
                 kNo,
                 {"quantization_config", "'gptq'"}}),
    [](const auto& variant) { return variant.param.name; });

}  // namespace
}  // namespace prunenet
