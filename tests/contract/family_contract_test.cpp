// What every family keeps, from its weights to its pruned checkpoint. The models are transformers' own, tiny and random
// (tests/data/make_model_goldens.py); model/golden_test.cpp holds their forward passes to transformers'.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "model/tiny_models.h"
#include "prunenet/core/rng.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/prune.h"
#include "prunenet/prune/verify.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::TemporaryDirectory;

/// None of what is not there.
template <typename Matrix>
Matrix some_rows(const Matrix& all, std::int64_t first, std::int64_t count) {
  return all.size() == 0 ? Matrix() : Matrix(all.middleRows(first, count));
}

class FamilyContract : public ::testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] std::int64_t layers() const { return family_->config().num_hidden_layers; }
  [[nodiscard]] std::int64_t neurons() const { return family_->config().intermediate_size; }

  Checkpoint prune(const Plan& plan, const TemporaryDirectory& directory) {
    PruneOptions options;
    options.output = directory / "pruned";
    (void)prune_checkpoint(checkpoint_, *family_, plan, options, progress_);
    return Checkpoint::open(options.output);
  }

  /// The neurons that the golden file says.
  [[nodiscard]] Plan golden_plan() const {
    const torch::Tensor keep = golden_.at("keep");
    Plan plan;
    plan.source = "golden";
    plan.intermediate_size = neurons();
    plan.requested_ratio = 1.0 - static_cast<double>(keep.size(1)) / static_cast<double>(neurons());
    for (std::int64_t layer = 0; layer < keep.size(0); ++layer) {
      const auto* begin = keep[layer].data_ptr<std::int64_t>();
      plan.keep_indices.emplace_back(begin, begin + keep.size(1));
    }
    return plan;
  }

  /// Tensors that a plan cuts.
  [[nodiscard]] std::set<std::string> cut_tensors() const {
    std::set<std::string> names;
    for (std::int64_t layer = 0; layer < layers(); ++layer) {
      const FfnBlock block = family_->ffn_block(layer);
      names.insert({block.gate.weight, block.gate.bias, block.up.weight, block.up.bias, block.down.weight});
    }
    names.erase("");
    return names;
  }

  SilentProgress progress_;
  const Checkpoint checkpoint_ = Checkpoint::open(testing::tiny_model_directory(GetParam()));
  const std::unique_ptr<Family> family_ = make_family(checkpoint_);
  const std::map<std::string, torch::Tensor> golden_ = testing::load_golden(GetParam());
};

TEST_P(FamilyContract, PrunedLogitsAreThoseOfTheReference) {
  const TemporaryDirectory directory;
  const Checkpoint pruned = prune(golden_plan(), directory);
  const CausalLm model = CausalLm::load(pruned, *make_family(pruned), progress_);
  EXPECT_LT(testing::largest_difference(model.logits(golden_.at("ids")), golden_.at("pruned_logits")), 1e-4);
  EXPECT_GT(testing::largest_difference(golden_.at("logits"), golden_.at("pruned_logits")), 1e-2);
}

TEST_P(FamilyContract, TensorsThatAreNotCutStayBitIdentical) {
  const TemporaryDirectory directory;
  const Checkpoint pruned = prune(golden_plan(), directory);
  const std::set<std::string> cut = cut_tensors();
  std::size_t same = 0;
  for (const auto& [name, info] : pruned.tensors()) {
    if (cut.contains(name)) {
      EXPECT_NE(info.shape, checkpoint_.tensors().at(name).shape) << name;
      continue;
    }
    EXPECT_EQ(pruned.read(name).data, checkpoint_.read(name).data) << name;
    ++same;
  }
  EXPECT_EQ(same + cut.size(), checkpoint_.tensors().size());
}

TEST_P(FamilyContract, PrunedCheckpointsAreVerified) {
  const TemporaryDirectory directory;
  const std::filesystem::path input = testing::tiny_model_directory(GetParam());
  const Plan plan = golden_plan();
  (void)prune(plan, directory);
  const VerifyReport report = verify_pruned(directory / "pruned", input, {}, progress_);
  for (const VerifyFailure& failure : report.failures) ADD_FAILURE() << to_string(failure);
  for (const VerifyCheck& check : report.checks) {
    if (check.name == "copied files") continue;  // these models have no other files
    EXPECT_GT(check.held, 0U) << check.name;
  }

  // Pruned by another plan under the same record, every tensor that is cut is found out, in its own layout.
  Plan other = plan;
  for (std::vector<std::int64_t>& keep : other.keep_indices) {
    for (std::int64_t& neuron : keep) neuron = neurons() - 1 - neuron;
    std::ranges::reverse(keep);
  }
  const TemporaryDirectory elsewhere;
  (void)prune(other, elsewhere);
  std::filesystem::copy_file(directory / "pruned" / "prunenet.json", elsewhere / "pruned" / "prunenet.json",
                             std::filesystem::copy_options::overwrite_existing);
  const VerifyReport found = verify_pruned(elsewhere / "pruned", input, {}, progress_);
  std::set<std::string> tensors;
  for (const VerifyFailure& failure : found.failures) tensors.insert(failure.tensor);
  tensors.erase("");
  EXPECT_EQ(tensors, cut_tensors());
}

TEST_P(FamilyContract, ThreeRatiosRemoveWhatTheySay) {
  Rng rng(3);
  std::vector<std::vector<float>> scores(static_cast<std::size_t>(layers()));
  for (auto& layer : scores) {
    for (std::int64_t i = 0; i < neurons(); ++i) layer.push_back(static_cast<float>(rng.normal()));
  }
  for (const double ratio : {0.2, 0.3, 0.5}) {
    const TemporaryDirectory directory;
    const Plan plan = make_uniform_plan(scores, ratio, 1, "test");
    const Checkpoint pruned = prune(plan, directory);
    EXPECT_EQ(pruned.config().at(family_->width_field()), plan.uniform_width());
    std::int64_t removed = 0;
    for (std::int64_t layer = 0; layer < layers(); ++layer) {
      removed += (neurons() - plan.uniform_width()) * parameters_per_neuron(family_->ffn_block(layer));
    }
    EXPECT_EQ(pruned.parameters(), checkpoint_.parameters() - static_cast<std::uint64_t>(removed));
    const auto family = make_family(pruned);
    EXPECT_EQ(family->config().intermediate_size, plan.uniform_width());
    const CausalLm model = CausalLm::load(pruned, *family, progress_);
    EXPECT_TRUE(model.logits(golden_.at("ids")).isfinite().all().item<bool>());
  }
}

TEST_P(FamilyContract, NeuronsReadSomeAtATimeAreThoseOfTheWholeBlock) {
  const CheckpointWeights source(checkpoint_, *family_);
  for (std::int64_t layer = 0; layer < layers(); ++layer) {
    const FfnBlock block = family_->ffn_block(layer);
    const FfnWeights whole = read_ffn(checkpoint_, *family_, layer);
    const VectorF gate_bias = read_bias(checkpoint_, block.gate);
    const VectorF up_bias = read_bias(checkpoint_, block.up);
    const FfnBlockWeights ffn = source.ffn(layer);
    EXPECT_EQ(ffn.down_bias, read_bias(checkpoint_, block.down));
    for (std::int64_t first = 0; first < neurons(); first += 5) {
      const std::int64_t count = std::min<std::int64_t>(5, neurons() - first);
      const NeuronWeights part = ffn.neurons(first, count);
      EXPECT_EQ(part.gate.weight, some_rows(whole.gate, first, count));
      EXPECT_EQ(part.gate.bias, some_rows(gate_bias, first, count));
      EXPECT_EQ(part.up.weight, some_rows(whole.up, first, count));
      EXPECT_EQ(part.up.bias, some_rows(up_bias, first, count));
      EXPECT_EQ(part.down, whole.down.middleCols(first, count));
    }
  }
}

TEST_P(FamilyContract, FeaturesAreFiniteAndTellNeuronsApart) {
  std::int64_t seen = 0;
  extract_features(
      CheckpointWeights(checkpoint_, *family_),
      [&](std::int64_t /*layer*/, const MatrixF& features) {
        ++seen;
        EXPECT_EQ(features.rows(), neurons());
        EXPECT_EQ(features.cols(), static_cast<Eigen::Index>(feature_names().size()));
        EXPECT_TRUE(features.allFinite());
        for (Eigen::Index i = 1; i < features.rows(); ++i) {
          EXPECT_GT((features.row(i) - features.row(0)).norm(), 1.0F) << "neurons 0 and " << i;
        }
      },
      progress_);
  EXPECT_EQ(seen, layers());
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyContract, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

}  // namespace
}  // namespace prunenet
