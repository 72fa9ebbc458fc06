#include <fmt/format.h>

#include "callable_environment.h"
#include "common.h"
#include "feature_layers.h"
#include "loaded_policy.h"
#include "progress.h"
#include "prunenet/core/error.h"
#include "prunenet/core/version.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/model/device.h"
#include "prunenet/train/session.h"
#include "prunenet/train/trainer.h"
#include "resumable.h"

namespace prunenet::python {

namespace {

using nlohmann::json;

/// As `prunenet train` does it.
LoadedPolicy train(const std::vector<std::filesystem::path>& models, const std::filesystem::path& out,
                   const json& recipe_fields, bool resume, const std::vector<std::filesystem::path>& probes,
                   bool stream, const std::string& device, const py::object& progress) {
  const Recipe recipe = recipe_from_json(recipe_fields);
  refuse_existing(out);
  TrainingFiles files{.work_directory = work_directory(out, ".train", resume), .resume = resume, .probes = probes};
  files.load.stream = stream;
  files.load.device = parse_device(device);
  return run_long(progress, [&](PythonProgress& reports) {
    files.log = curve_log(reports);
    Policy policy = train_on_models(models, recipe, files, reports);
    return save_and_clean(std::move(policy), out, files.work_directory);
  });
}

/// Options of a recipe's section "train"; the one estimator that asks for no swaps, where none is named.
TrainOptions options_without_swaps(json fields) {
  if (!fields.contains("estimator")) fields["estimator"] = to_string(Estimator::kRloo);
  return recipe_from_json(json{{"train", std::move(fields)}}).train;
}

void run_trainer(Trainer& trainer, const TrainOptions& options, PythonProgress& reports) {
  const CurveLog log = curve_log(reports);
  reports.begin("training", "steps", static_cast<std::uint64_t>(options.steps));
  while (!trainer.done()) {
    const std::size_t validations = trainer.curve().size();
    trainer.step();
    if (trainer.curve().size() > validations) {
      log_points(log, trainer.curve(), validations);
      reports.status(fmt::format("reward {:.4f}", trainer.curve().back().validation_reward));
    }
    reports.advance(1);
  }
}

LoadedPolicy train_with_distortion(const FeatureLayers& features, const py::object& distortion,
                                   const json& option_fields, const py::object& held_out, const std::string& name,
                                   const py::object& progress) {
  const TrainOptions options = options_without_swaps(option_fields);
  const CallableEnvironment environment(features.layers, distortion, held_out);
  return run_long(progress, [&](PythonProgress& reports) {
    Trainer trainer(environment, options);
    run_trainer(trainer, options, reports);
    Recipe recipe;
    recipe.train = options;
    json sections = {{"train", to_json(recipe).at("train")}, {"reward", {{"callable", name}}}};
    return LoadedPolicy{{.network = trainer.best_policy(),
                         .features = feature_names(),
                         .recipe = std::move(sections),
                         .curve = to_json(trainer.curve()),
                         .provenance = {{"prunenet_version", version()},
                                        {"seed", options.seed},
                                        {"best_validation_reward", trainer.best_reward()},
                                        {"training_seconds", trainer.curve().back().seconds}}},
                        "policy trained on " + name};
  });
}

}  // namespace

void bind_training(py::module_& module) {
  module.def("train", &train, py::arg("models"), py::arg("out"), py::arg("recipe") = py::dict(), py::kw_only(),
             py::arg("resume") = false, py::arg("probes") = std::vector<std::filesystem::path>{},
             py::arg("stream") = false, py::arg("device") = "cpu", py::arg("progress") = py::none(),
             "Trains a policy on model directories of one family and saves it, as `prunenet train` does. `recipe` has "
             "the sections of a recipe, the seed among them: {'train': {'steps': 100, 'seed': 1}}.");
  module.def("train_with_distortion", &train_with_distortion, py::arg("features"), py::arg("distortion"),
             py::arg("options") = py::dict(), py::kw_only(), py::arg("held_out") = py::none(),
             py::arg("name") = "a callable", py::arg("progress") = py::none(),
             "Trains a policy on a reward of your own, -log(distortion(layer, keep_indices)): keep_indices is int64 "
             "[M, k], a keep-set a row, and M numbers of at least 0 come back. `held_out`, of the same form, chooses "
             "among policies. `options` are those of a recipe's section 'train'; the estimator is 'rloo'.");
}

}  // namespace prunenet::python
