#include "prunenet/recover/peft_adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "prunenet/checkpoint/safetensors_file.h"
#include "recover/tiny_student.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using nlohmann::json;

RecoverOptions lora(std::vector<std::string> targets = RecoverOptions{}.targets) {
  RecoverOptions options;
  options.train = Adaptation::kLora;
  options.rank = 3;
  options.alpha = 6.0;
  options.targets = std::move(targets);
  return options;
}

/// An adapter on disk, beside what it was made of.
struct WrittenAdapter {
  WrittenAdapter(const std::string& name, const RecoverOptions& options)
      : student(options, name),
        checkpoint(Checkpoint::open(testing::tiny_model_directory(name))),
        family(make_family(checkpoint)) {
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& parameter : student.weights->parameters().parameters()) parameter.normal_(0.0, 0.1);
    write_peft_adapter(*family, *student.weights, options, "base", directory / "adapter");
    config = json::parse(std::ifstream(directory / "adapter/adapter_config.json"));
  }

  [[nodiscard]] SafetensorsFile file() const {
    return SafetensorsFile::open(directory / "adapter/adapter_model.safetensors");
  }
  [[nodiscard]] torch::Tensor tensor(const std::string& name) const {
    const HostTensor host = file().read(name);
    return torch::tensor(to_floats(host.data, host.info.dtype)).view(host.info.shape);
  }
  /// What PEFT adds to a module: B A alpha / r, with the patterns of the config.
  [[nodiscard]] torch::Tensor update_of(const std::string& module) const {
    const std::string name = "base_model.model." + module;
    double alpha = config.at("lora_alpha");
    auto rank = config.at("r").get<std::int64_t>();
    for (const auto& [key, value] : config.at("rank_pattern").items()) {
      if (module.ends_with(key)) rank = value;
    }
    for (const auto& [key, value] : config.at("alpha_pattern").items()) {
      if (module.ends_with(key)) alpha = value;
    }
    const torch::Tensor a = tensor(name + ".lora_A.weight");
    EXPECT_EQ(a.size(0), rank) << module;
    return tensor(name + ".lora_B.weight").mm(a) * (alpha / static_cast<double>(rank));
  }

  testing::TemporaryDirectory directory;
  testing::TinyStudent student;
  Checkpoint checkpoint;
  std::unique_ptr<Family> family;
  json config;
};

class AdapterOfEveryFamily : public ::testing::TestWithParam<std::string> {};

TEST_P(AdapterOfEveryFamily, AddsWhatWasMerged) {
  const WrittenAdapter adapter(GetParam(), lora());
  const Family& family = *adapter.family;
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    for (const Projection projection : adapter.student.weights->trained()) {
      const LinearPlace place = place_of(family, layer, projection);
      if (!place.exists()) continue;
      const std::string module = place.weight.substr(0, place.weight.rfind(".weight"));
      const torch::Tensor update = adapter.update_of(module);
      const LoraFactors factors = adapter.student.weights->factors(layer, projection);
      const torch::Tensor expected = factors.b.detach().mm(factors.a.detach()) * adapter.student.weights->scale();
      for (std::int64_t output = 0; output < place.outputs; ++output) {
        ASSERT_LT(testing::largest_difference(update[place.pattern.stored(output)], expected[output]), 1e-6)
            << module << ", output " << output;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Recover, AdapterOfEveryFamily, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

TEST(PeftAdapter, HasTheNamesAndShapesThatPeftDocuments) {
  const WrittenAdapter adapter("llama-grouped-tied", lora());
  const SafetensorsFile file = adapter.file();
  const ModelConfig& config = adapter.family->config();
  EXPECT_EQ(file.tensors().size(), static_cast<std::size_t>(2 * 7 * config.num_hidden_layers));
  const std::string name = "base_model.model.model.layers.1.mlp.down_proj";
  EXPECT_EQ(file.tensors().at(name + ".lora_A.weight").shape, (std::vector<std::int64_t>{3, config.intermediate_size}));
  EXPECT_EQ(file.tensors().at(name + ".lora_B.weight").shape, (std::vector<std::int64_t>{config.hidden_size, 3}));
  const json& written = adapter.config;
  EXPECT_EQ(written.at("peft_type"), "LORA");
  EXPECT_EQ(written.at("task_type"), "CAUSAL_LM");
  EXPECT_EQ(written.at("base_model_name_or_path"), "base");
  EXPECT_EQ(written.at("r"), 3);
  EXPECT_EQ(written.at("lora_alpha"), 6.0);
  EXPECT_EQ(written.at("fan_in_fan_out"), false);
  EXPECT_EQ(written.at("rank_pattern"), json::object());
  EXPECT_THAT(
      written.at("target_modules").get<std::vector<std::string>>(),
      ::testing::UnorderedElementsAre("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"));
}

TEST(PeftAdapter, SharedModulesHaveOneAdapterOfAllTheirProjections) {
  const WrittenAdapter adapter("gpt2", lora());
  EXPECT_EQ(adapter.config.at("fan_in_fan_out"), true) << "matrices are stored inputs x outputs";
  EXPECT_EQ(adapter.config.at("rank_pattern"), (json{{"c_attn", 9}}));
  EXPECT_EQ(adapter.config.at("alpha_pattern"), (json{{"c_attn", 18.0}}));
}

TEST(PeftAdapter, ModulesOfOneNameAreToldApartByTheirPath) {
  const WrittenAdapter adapter("gpt2", lora({"o_proj"}));
  EXPECT_EQ(adapter.config.at("target_modules"), json({"attn.c_proj"}));
}

TEST(PeftAdapter, WeightsTrainedInFullHaveNone) {
  const RecoverOptions options;
  const testing::TinyStudent student(options);
  const Checkpoint checkpoint = Checkpoint::open(testing::tiny_model_directory("llama-grouped-tied"));
  const testing::TemporaryDirectory directory;
  testing::expect_error(ErrorKind::kInvalidArgument, {"lora"}, [&] {
    write_peft_adapter(*make_family(checkpoint), *student.weights, options, "base", directory / "adapter");
  });
}

}  // namespace
}  // namespace prunenet
