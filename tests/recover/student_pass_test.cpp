#include "prunenet/teach/student_pass.h"

#include <gtest/gtest.h>

#include "recover/tiny_student.h"

namespace prunenet {
namespace {

using testing::TinyStudent;

std::vector<torch::Tensor> gradients(const TinyStudent& student) {
  std::vector<torch::Tensor> all;
  for (const torch::Tensor& parameter : student.weights->parameters().parameters()) {
    all.push_back(parameter.grad().clone());
    parameter.mutable_grad() = torch::Tensor();
  }
  return all;
}

class StudentPassOfEveryFamily : public ::testing::TestWithParam<std::string> {};

TEST_P(StudentPassOfEveryFamily, GradientsAreThoseOfOneGraphAndTheSameWithCheckpoints) {
  const TinyStudent student({}, GetParam());
  const torch::Tensor ids = testing::random_ids(student.plain, 2, 9);
  const torch::Tensor whole = student.model.final_states(ids).flatten(0, 1);
  const torch::Tensor gradient = torch::ones_like(whole).cumsum(0).detach() * 0.01;
  whole.backward(gradient);
  const std::vector<torch::Tensor> expected = gradients(student);

  std::vector<torch::Tensor> kept;
  for (const bool checkpoints : {false, true}) {
    StudentPass pass(student.model, ids, checkpoints);
    EXPECT_EQ(testing::largest_difference(pass.states(), whole.detach()), 0.0);
    pass.backward(gradient);
    const std::vector<torch::Tensor> found = gradients(student);
    for (std::size_t i = 0; i < found.size(); ++i) {
      // The same sums, perhaps in another order.
      EXPECT_LE(testing::largest_difference(found[i], expected[i]), 1e-5 * expected[i].abs().max().item<double>());
      if (checkpoints) {
        EXPECT_TRUE(torch::equal(found[i], kept[i]));
      }
    }
    kept = found;
  }
}

TEST_P(StudentPassOfEveryFamily, GradientsOfWhatAHookMultipliesByAreThoseOfOneGraph) {
  const CausalLm model = testing::load_tiny_model(GetParam());
  const torch::Tensor ids = testing::random_ids(model, 2, 9);
  const std::int64_t layers = model.config().num_hidden_layers;
  const torch::Tensor masks =
      torch::linspace(0.5, 1.5, layers * model.config().intermediate_size).view({layers, -1}).requires_grad_(true);
  const FfnHook hook = [&masks](const FfnActivations& at) { return at.h * masks[at.layer]; };
  const torch::Tensor whole = model.final_states(ids, hook).flatten(0, 1);
  const torch::Tensor gradient = torch::ones_like(whole).cumsum(0).detach() * 0.01;
  whole.backward(gradient);
  const torch::Tensor expected = masks.grad().clone();
  ASSERT_GT(expected.abs().max().item<double>(), 0.0);
  for (const bool checkpoints : {false, true}) {
    masks.mutable_grad() = torch::Tensor();
    StudentPass pass(model, ids, checkpoints, hook);
    EXPECT_EQ(testing::largest_difference(pass.states(), whole.detach()), 0.0);
    pass.backward(gradient);
    EXPECT_LE(testing::largest_difference(masks.grad(), expected), 1e-5 * expected.abs().max().item<double>());
  }
}

INSTANTIATE_TEST_SUITE_P(Recover, StudentPassOfEveryFamily, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

TEST(StudentPass, StatesWithoutGradientAreThoseOfThePass) {
  const TinyStudent student({});
  const torch::Tensor ids = testing::random_ids(student.plain, 3, 12);
  const StudentPass pass(student.model, ids, true);
  // Attention is computed in blocks where no gradient is recorded.
  EXPECT_LT(testing::largest_difference(pass.states(), student_states(student.model, ids)), 1e-5);
}

TEST(StudentPass, LayersBelowTheFirstThatTrainsNeedNoGradient) {
  RecoverOptions options;
  options.targets = {"o_proj"};
  const TinyStudent student(options);
  StudentPass pass(student.model, testing::random_ids(student.plain, 1, 4), false);
  EXPECT_NO_THROW(pass.backward(torch::ones_like(pass.states())));
}

}  // namespace
}  // namespace prunenet
