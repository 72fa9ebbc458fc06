// A feature of one's own: how sparse a neuron's vectors are. A policy is trained that reads it beside the built-in
// ones, and a model is pruned by it.
//
//   extend_feature MODEL WORK
#include <prunenet/prunenet.h>

#include <cmath>
#include <cstdio>
#include <filesystem>

using namespace prunenet;

namespace {

/// Of each row: 0 where all its entries are of one size, 1 where all but one are 0 (P. Hoyer, "Non-negative matrix
/// factorization with sparseness constraints", 2004).
VectorD sparseness(const MatrixD& rows) {
  const double root = std::sqrt(static_cast<double>(rows.cols()));
  const VectorD ratio = rows.cwiseAbs().rowwise().sum().array() / rows.rowwise().norm().array().max(1e-12);
  return (root - ratio.array()) / (root - 1.0);
}

class Sparseness final : public FeatureGroup {
 public:
  void add_features(const FfnLayer& /*layer*/, const NeuronBlock& block, FeatureTable& table) override {
    table.add("sparseness.up", sparseness(block.up));
    table.add("sparseness.down", sparseness(block.down));
  }
};

}  // namespace

int main(int count, char** arguments) try {
  if (count != 3) throw Error(ErrorKind::kInvalidArgument, "usage: extend_feature MODEL WORK");
  const std::filesystem::path model = arguments[1];
  const std::filesystem::path work = arguments[2];
  Registries registries;
  registries.features.add("sparseness", [](const ModelConfig& /*config*/) { return std::make_unique<Sparseness>(); });

  Recipe recipe;  // a short training; leave these out for a real one
  recipe.probe.tokens = 2048;
  recipe.probe.held_out_tokens = 512;
  recipe.train.steps = 30;
  SilentProgress progress;
  save_policy(work / "policy.safetensors",
              train_on_models({model}, recipe, {.work_directory = work / "training"}, progress, registries));

  Policy policy = load_policy(work / "policy.safetensors");
  std::printf("the policy reads %zu features, among them", policy.features.size());
  for (const std::string& name : policy.features) {
    if (name.find("sparseness") != std::string::npos) std::printf(" %s", name.c_str());
  }
  std::printf("\n");
  const Checkpoint checkpoint = Checkpoint::open(model);
  const auto family = make_family(checkpoint);
  const CheckpointWeights weights(checkpoint, *family);
  try {
    (void)score_model({&policy, 1}, weights, progress);
    return 1;  // it may not be applied by a program that cannot compute what it reads
  } catch (const Error& error) {
    std::printf("without the group: %s\n", error.what());
  }
  const auto scores = score_model({&policy, 1}, weights, progress, registries.features);
  const Plan plan = make_uniform_plan(scores, 0.3, 1, "policy with sparseness");
  prune_checkpoint(checkpoint, *family, plan, {.output = work / "pruned"}, progress);
  return verify_pruned(work / "pruned", model, {}, progress).holds() ? 0 : 1;
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
