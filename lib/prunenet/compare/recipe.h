#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prunenet/eval/text_windows.h"
#include "prunenet/probe/options.h"

namespace prunenet {

/// Text that methods with calibration data look at: its first `windows` windows of `context` tokens.
struct CalibrationOptions {
  std::string file;             ///< empty: none, and methods that need it are refused
  std::int64_t windows = 16;    ///< pieces that methods see
  std::int64_t context = 1024;  ///< tokens of each
};

/// What is measured of every pruned model.
struct EvaluationOptions {
  std::vector<std::string> texts;         ///< perplexity
  WindowOptions windows;                  ///< of the texts
  std::vector<std::string> tasks;         ///< multiple choice
  std::int64_t limit = 0;                 ///< items a task; 0: all
  std::vector<double> task_ratios;        ///< tasks are measured at these ratios only; empty: at all
  std::vector<std::uint64_t> task_seeds;  ///< and for these seeds only, of a method that takes any; empty: for all
  std::vector<std::string> distortions;   ///< "<distortion> of <operator>", a layer each; see `default_distortions`
};

/// One comparison: methods x ratios x seeds on one model.
struct ComparisonRecipe {
  std::vector<double> ratios = {0.2, 0.3, 0.5};  ///< shares of neurons removed, each in (0, 0.95]
  std::vector<std::uint64_t> seeds = {0};        ///< of methods that use one
  std::string round_to = "none";                 ///< a number or a preset: all methods remove exactly the same
  CalibrationOptions calibration;                ///< for methods that need text from outside
  EvaluationOptions evaluation;                  ///< the same for all cells
  ProbeOptions probe;                   ///< of the text on which distortions are measured, not that of any method
  std::vector<nlohmann::json> methods;  ///< objects with "name", perhaps "label", and the method's options
};

/// schatten2, mirsky, nuclear and ks of the response, ks of the gate.
[[nodiscard]] std::vector<std::string> default_distortions();

/// Fields that are absent keep their defaults. Throws Error(kInvalidArgument) naming a key that is unknown, of the
/// wrong type or outside its range, two methods of one label, or that there is no method or no text and no task.
[[nodiscard]] ComparisonRecipe comparison_recipe_from_json(const nlohmann::json& json);

/// "label" of a method, or else its name and the values of its options.
[[nodiscard]] std::string method_label(const nlohmann::json& method);

}  // namespace prunenet
