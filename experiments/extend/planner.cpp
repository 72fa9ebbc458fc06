// A method of one's own: score a neuron by the product of its vectors' norms, each to a power that the recipe gives. It
// is compared with built-in methods, cell by cell, as `prunenet compare` does it; `prunenet report` makes a page of the
// records.
//
//   extend_planner MODEL TEXT WORK
#include <prunenet/prunenet.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace prunenet;

namespace {

class NormProduct final : public ScorePlanner {
 public:
  NormProduct(const PlannerModel& model, float down_power)
      : ScorePlanner("norm product", DataUse::kNone, /*uses_seed=*/false), model_(model), down_power_(down_power) {}

 protected:
  [[nodiscard]] NeuronScores score(std::uint64_t /*seed*/, Progress& /*progress*/) override {
    NeuronScores scores;
    for (std::int64_t layer = 0; layer < model_.family.config().num_hidden_layers; ++layer) {
      const FfnWeights ffn = read_ffn(model_.checkpoint, model_.family, layer);
      VectorF product = ffn.down.colwise().norm().transpose().array().pow(down_power_);
      product.array() *= ffn.up.rowwise().norm().array();
      if (ffn.gate.size() > 0) product.array() *= ffn.gate.rowwise().norm().array();
      scores.emplace_back(product.begin(), product.end());
    }
    return scores;
  }

 private:
  PlannerModel model_;
  float down_power_;
};

std::unique_ptr<Planner> make_norm_product(const MethodOptions& options, const PlannerModel& model,
                                           const torch::Tensor& /*calibration*/) {
  options.check_keys({"emphasis"});
  return std::make_unique<NormProduct>(model,
                                       options.choice_or("emphasis", "none", {"none", "down"}) == "down" ? 2 : 1);
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 4) throw Error(ErrorKind::kInvalidArgument, "usage: extend_planner MODEL TEXT WORK");
  PlannerRegistry planners = built_in_planners();
  planners.add("norm-product", make_norm_product);

  const ComparisonRecipe recipe = comparison_recipe_from_json(
      {{"ratios", {0.3}},
       {"evaluation", {{"texts", {arguments[2]}}, {"context", 128}, {"windows", 4}}},
       {"probe", {{"tokens", 1024}}},
       {"methods", {{{"name", "norm-product"}, {"emphasis", "down"}}, {{"name", "magnitude"}}, {{"name", "random"}}}}});
  SilentProgress progress;
  const ComparisonFiles files{.model = arguments[1], .output = arguments[3]};
  const ComparisonSummary summary = run_comparison(recipe, files, progress, planners);

  for (const auto& file : std::filesystem::recursive_directory_iterator(files.output)) {
    if (file.path().extension() != ".json") continue;
    const auto record = nlohmann::json::parse(std::ifstream(file.path()));
    std::printf("%-30s perplexity %.1f\n", file.path().stem().c_str(),
                record.at("perplexity").at(0).at("ppl").get<double>());
  }
  return summary.done == 4 && summary.failed == 0 ? 0 : 1;  // three methods, and the dense model
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
