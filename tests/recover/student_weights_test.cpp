#include "prunenet/recover/student_weights.h"

#include <gtest/gtest.h>

#include "recover/tiny_student.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::TinyStudent;

RecoverOptions lora_options(std::vector<std::string> targets = RecoverOptions{}.targets) {
  RecoverOptions options;
  options.train = Adaptation::kLora;
  options.rank = 2;
  options.targets = std::move(targets);
  return options;
}

class StudentOfEveryFamily : public ::testing::TestWithParam<std::string> {};

TEST_P(StudentOfEveryFamily, StartsAsItWasBitForBit) {
  const torch::NoGradGuard no_grad;
  for (const Adaptation train : {Adaptation::kLora, Adaptation::kFull}) {
    RecoverOptions options = lora_options();
    options.train = train;
    const TinyStudent student(options, GetParam());
    const torch::Tensor ids = testing::random_ids(student.plain, 2, 9);
    EXPECT_TRUE(torch::equal(student.model.logits(ids), student.plain.logits(ids))) << to_string(train);
  }
}

TEST_P(StudentOfEveryFamily, MergedWeightsGiveTheLogitsOfTheAdapters) {
  const TinyStudent student(lora_options(), GetParam());
  const torch::NoGradGuard no_grad;
  for (const torch::Tensor& parameter : student.weights->parameters().parameters()) parameter.normal_(0.0, 0.1);
  DecoderWeights merged = student.plain.weights();
  for (std::int64_t layer = 0; layer < student.plain.config().num_hidden_layers; ++layer) {
    merged.layers[static_cast<std::size_t>(layer)] = student.weights->layer(layer);
  }
  const CausalLm plain(student.plain.config(), merged);
  const torch::Tensor ids = testing::random_ids(student.plain, 2, 9);
  EXPECT_EQ(testing::largest_difference(plain.logits(ids), student.model.logits(ids)), 0.0);
  EXPECT_GT(testing::largest_difference(plain.logits(ids), student.plain.logits(ids)), 1e-3) << "nothing was adapted";
}

INSTANTIATE_TEST_SUITE_P(Recover, StudentOfEveryFamily, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

TEST(StudentWeights, MergeIsTheProductOfTheFactorsScaled) {
  const TinyStudent student(lora_options());
  const torch::NoGradGuard no_grad;
  for (const torch::Tensor& parameter : student.weights->parameters().parameters()) parameter.normal_(0.0, 0.1);
  const std::int64_t neurons = student.plain.config().intermediate_size;
  const torch::Tensor up = student.plain.weights().layers[1].gate_up.narrow(0, neurons, neurons);
  const LoraFactors factors = student.weights->factors(1, Projection::kUp);
  const torch::Tensor expected =
      (up.to(torch::kFloat64) + 8.0 * factors.b.to(torch::kFloat64).mm(factors.a.to(torch::kFloat64)));
  const torch::Tensor merged = student.weights->merged(1, Projection::kUp).to(torch::kFloat64);
  EXPECT_LT(testing::largest_difference(merged, expected), 1e-6) << "rounding of float";
}

TEST(StudentWeights, OnlyTargetsAreTrained) {
  const TinyStudent student(lora_options({"v_proj", "down_proj"}));
  const ModelConfig& config = student.plain.config();
  const std::int64_t values = config.num_key_value_heads * config.head_dim;
  const std::int64_t of_layer = 2 * (config.hidden_size + values) + 2 * (config.intermediate_size + config.hidden_size);
  EXPECT_EQ(student.weights->parameter_count(), config.num_hidden_layers * of_layer);
  const torch::Tensor ids = testing::random_ids(student.plain, 1, 5);
  student.model.logits(ids).sum().backward();
  for (const auto& parameter : student.weights->parameters().named_parameters()) {
    EXPECT_TRUE(parameter.value().grad().defined()) << parameter.key();
  }
}

TEST(StudentWeights, FactorsFollowTheSeed) {
  RecoverOptions options = lora_options();
  const torch::Tensor first = testing::flat_parameters(*TinyStudent(options).weights);
  EXPECT_TRUE(torch::equal(first, testing::flat_parameters(*TinyStudent(options).weights)));
  options.seed = 1;
  EXPECT_FALSE(torch::equal(first, testing::flat_parameters(*TinyStudent(options).weights)));
}

TEST(StudentWeights, AGateThatIsNotThereCannotBeTheOnlyTarget) {
  expect_error(ErrorKind::kInvalidArgument, {"gate_proj", "GPT2LMHeadModel"},
               [] { (void)TinyStudent(lora_options({"gate_proj"}), "gpt2"); });
}

}  // namespace
}  // namespace prunenet
