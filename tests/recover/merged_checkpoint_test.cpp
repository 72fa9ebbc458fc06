#include "prunenet/recover/merged_checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/checkpoint/output_directory.h"
#include "recover/tiny_student.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

using testing::TemporaryDirectory;

TEST(PutWeight, WritesTheRowsOrColumnsOfItsPattern) {
  const torch::Tensor weight = torch::tensor({{1.F, 2.F}, {3.F, 4.F}});
  LinearPlace place{"w", "", 2, 2, 6, {1, 1, 3}, false};  // outputs 1 and 4 of six
  HostTensor stored = testing::float_tensor({6, 2}, std::vector<float>(12, 9.F), Dtype::kBF16);
  put_weight(place, weight, stored);
  EXPECT_EQ(to_floats(stored.data, Dtype::kBF16), (std::vector<float>{9, 9, 1, 2, 9, 9, 9, 9, 3, 4, 9, 9}));
  place.transposed = true;
  stored = testing::float_tensor({2, 6}, std::vector<float>(12, 9.F));
  put_weight(place, weight, stored);
  EXPECT_EQ(to_floats(stored.data, Dtype::kF32), (std::vector<float>{9, 1, 9, 9, 3, 9, 9, 2, 9, 9, 4, 9}));
}

class MergedOfEveryFamily : public ::testing::TestWithParam<std::string> {};

TEST_P(MergedOfEveryFamily, LoadsAgainAsWhatWasTrained) {
  RecoverOptions options;
  options.train = Adaptation::kLora;
  options.targets = {"q_proj", "v_proj", "o_proj", "up_proj", "down_proj"};
  const testing::TinyStudent student(options, GetParam());
  const torch::NoGradGuard no_grad;
  for (const torch::Tensor& parameter : student.weights->parameters().parameters()) parameter.normal_(0.0, 0.1);

  const Checkpoint source = Checkpoint::open(testing::tiny_model_directory(GetParam()));
  const auto family = make_family(source);
  const TemporaryDirectory directory;
  SilentProgress silent;
  const Checkpoint merged = merged_checkpoint(source, *family, *student.weights);
  write_shards(
      directory.path(), shards_of(source), [&](const std::string& name) { return merged.read(name).data; }, silent);
  copy_file_durably(source.directory() / kConfigFile, directory / kConfigFile);
  const Checkpoint written = Checkpoint::open(directory.path());
  const CausalLm model = CausalLm::load(written, *make_family(written), silent);
  const torch::Tensor ids = testing::random_ids(model, 2, 9);
  EXPECT_EQ(testing::largest_difference(model.logits(ids), student.model.logits(ids)), 0.0) << "stored as F32";

  const std::set<std::string> trained = trained_tensors(*family, *student.weights);
  for (const auto& [name, info] : source.tensors()) {
    EXPECT_EQ(written.tensors().at(name).dtype, info.dtype) << name;
    EXPECT_EQ(written.read(name).data == source.read(name).data, !trained.contains(name)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Recover, MergedOfEveryFamily, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

TEST(MergedCheckpoint, NumbersThatTheTypeCannotHoldAreRefused) {
  RecoverOptions options;
  options.targets = {"down_proj"};
  const Checkpoint source = Checkpoint::open(testing::trained_model("large"));  // F16
  const auto family = make_family(source);
  SilentProgress silent;
  const CausalLm plain = CausalLm::load(source, *family, silent);
  const StudentWeights weights(plain.weights().layers, plain.config(), options);
  {
    const torch::NoGradGuard no_grad;
    weights.parameters().parameters().front().fill_(1e6);
  }
  const Checkpoint merged = merged_checkpoint(source, *family, weights);
  testing::expect_error(ErrorKind::kNumerical, {"down_proj.weight", "F16"}, [&] {
    for (const std::string& name : trained_tensors(*family, weights)) (void)merged.read(name);
  });
}

}  // namespace
}  // namespace prunenet
