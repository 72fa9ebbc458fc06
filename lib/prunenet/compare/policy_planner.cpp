#include "prunenet/compare/policy_planner.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/score_planner.h"
#include "prunenet/core/error.h"
#include "prunenet/core/rng.h"
#include "prunenet/core/sha256.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/policy/policy.h"
#include "prunenet/policy/score_model.h"
#include "prunenet/train/measurements.h"
#include "prunenet/train/recipe.h"
#include "prunenet/train/session.h"
#include "prunenet/train/training_files.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kSampleStream = 41;

double seconds_of(const Policy& policy) {
  double seconds = 0.0;
  for (const char* part : {"probe_seconds", "feature_seconds", "training_seconds"}) {
    seconds += policy.provenance.value(part, 0.0);
  }
  return seconds;
}

/// Where it fails, so does what is written there, and says why.
void make_directory(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
}

std::vector<std::filesystem::path> probes_of(const PlannerModel& model) {
  if (model.probe == nullptr) return {};
  return {model.probe->path()};
}

struct PolicyChoice {
  std::filesystem::path file;    ///< empty where one is trained
  std::optional<Recipe> recipe;  ///< how
  bool sample = false;
  double temperature = 1.0;
  std::int64_t folds = 1;  ///< above 1: every layer is scored by a policy that was not trained on it
};

/// A policy that was loaded or trained, and what it says of this model.
struct ScoredPolicy {
  std::string source;
  NeuronScores scores;
  nlohmann::json curve;
  double training_seconds = 0.0;  ///< not yet accounted for by a selection
  double scoring_seconds = 0.0;
};

class PolicyPlanner final : public Planner {
 public:
  PolicyPlanner(PolicyChoice choice, const PlannerModel& model, PolicyDirectories directories, Registries registries)
      : choice_(std::move(choice)),
        model_(model),
        directories_(std::move(directories)),
        registries_(std::move(registries)) {}

  [[nodiscard]] DataUse data_use() const override { return DataUse::kNone; }
  [[nodiscard]] bool uses_seed() const override { return choice_.sample || choice_.recipe.has_value(); }

  [[nodiscard]] Selection select(double ratio, std::int64_t round_to, std::uint64_t seed, Progress& progress) override {
    ScoredPolicy& policy = scored(seed, progress);
    Selection selection;
    std::string source = policy.source;
    NeuronScores scores = policy.scores;
    if (choice_.sample) {
      source += fmt::format(", sampled with seed {}, temperature {}", seed, choice_.temperature);
      add_noise(scores, seed);
    }
    selection.plan = make_uniform_plan(scores, ratio, round_to, source);
    selection.curve = policy.curve;
    selection.training_seconds = std::exchange(policy.training_seconds, 0.0);
    selection.selection_seconds = policy.scoring_seconds;
    return selection;
  }

 private:
  /// Gumbel noise: the best neurons are then a draw without replacement in proportion to exp(score / temperature).
  void add_noise(NeuronScores& scores, std::uint64_t seed) const {
    Rng rng(seed, kSampleStream);
    for (std::vector<float>& layer : scores) {
      for (float& score : layer) score = static_cast<float>(score / choice_.temperature + rng.gumbel());
    }
  }

  ScoredPolicy& scored(std::uint64_t seed, Progress& progress) {
    const std::uint64_t key = choice_.recipe ? seed : 0;
    const auto found = policies_.find(key);
    if (found != policies_.end()) return found->second;
    ScoredPolicy result;
    std::vector<Policy> folds;
    for (std::int64_t fold = 0; fold < choice_.folds; ++fold) {
      const std::filesystem::path file = choice_.recipe ? policy_file(seed, fold) : choice_.file;
      const bool train_now = choice_.recipe && !std::filesystem::exists(file);
      if (train_now) train(file, seed, fold, progress);
      folds.push_back(load_policy(file));
      result.source += (fold == 0 ? "policy " : ", ") + sha256_file(file);
      if (train_now) result.training_seconds += seconds_of(folds.back());
    }
    result.curve = folds.front().curve;
    make_directory(directories_.shared);
    const SavedFeatures features =
        model_features(open_training_model(model_.checkpoint.directory(), registries_.families), directories_.shared,
                       progress, registries_.features);
    const Stopwatch watch;
    result.scores = score_features(folds, features.layers, feature_names(registries_.features));
    result.scoring_seconds = features.seconds + watch.seconds();
    return policies_.emplace(key, std::move(result)).first->second;
  }

  [[nodiscard]] std::filesystem::path policy_file(std::uint64_t seed, std::int64_t fold) const {
    return directories_.policies / (choice_.folds == 1 ? fmt::format("seed-{}.safetensors", seed)
                                                       : fmt::format("seed-{}-fold-{}.safetensors", seed, fold));
  }

  void train(const std::filesystem::path& file, std::uint64_t seed, std::int64_t fold, Progress& progress) const {
    Recipe recipe = *choice_.recipe;
    recipe.train.seed = seed;
    recipe.train.folds = choice_.folds;
    recipe.train.held_out_fold = fold;
    make_directory(directories_.policies);
    make_directory(directories_.shared);
    const std::filesystem::path work = file.string() + ".train";
    const torch::AutoGradMode with_gradients(true);
    save_policy(file, train_on_models({model_.checkpoint.directory()}, recipe,
                                      {.work_directory = work,
                                       .resume = std::filesystem::exists(work),
                                       .shared_directory = directories_.shared,
                                       .probes = probes_of(model_),
                                       .load = {.device = model_.network.device()}},
                                      progress, registries_));
    remove_training_files(work);
  }

  PolicyChoice choice_;
  PlannerModel model_;
  PolicyDirectories directories_;
  Registries registries_;
  std::map<std::uint64_t, ScoredPolicy> policies_;
};

}  // namespace

std::unique_ptr<Planner> make_policy_planner(const nlohmann::json& options, const PlannerModel& model,
                                             const PolicyDirectories& directories, const Registries& registries) {
  const MethodOptions method(options);
  method.check_keys({"file", "recipe", "folds", "sample", "temperature"});
  if (options.contains("file") == options.contains("recipe")) {
    throw Error(ErrorKind::kInvalidArgument, "method 'policy' needs either 'file' or 'recipe'");
  }
  PolicyChoice choice;
  if (options.contains("file")) {
    if (!options["file"].is_string()) throw Error(ErrorKind::kInvalidArgument, "method 'policy': 'file' is not a text");
    choice.file = options["file"].get<std::string>();
  } else {
    choice.recipe = recipe_from_json(method.section("recipe"), registries.rewards);
  }
  if (options.contains("folds")) {
    const nlohmann::json& folds = options["folds"];
    if (!choice.recipe || !folds.is_number_integer() || folds.get<std::int64_t>() < 2) {
      throw Error(
          ErrorKind::kInvalidArgument,
          fmt::format("method 'policy': 'folds' is {}; it must be an integer of at least 2, and go with 'recipe'",
                      folds.dump()));
    }
    choice.folds = folds.get<std::int64_t>();
  }
  choice.sample = method.boolean_or("sample", false);
  if (options.contains("temperature")) {
    const nlohmann::json& temperature = options["temperature"];
    if (!choice.sample || !temperature.is_number() || !(temperature.get<double>() > 0.0)) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("method 'policy': 'temperature' is {}; it must be a positive "
                              "number, and go with 'sample: true'",
                              temperature.dump()));
    }
    choice.temperature = temperature.get<double>();
  }
  return std::make_unique<PolicyPlanner>(std::move(choice), model, directories, registries);
}

}  // namespace prunenet
