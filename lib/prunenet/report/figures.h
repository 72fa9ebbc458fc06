#pragma once

#include <vector>

#include "prunenet/report/comparison.h"
#include "prunenet/report/figure.h"

namespace prunenet {

/// The distortion that stands for all where only one is shown: the default reward of training.
inline constexpr const char* kMainDistortion = "schatten2 of response";

/// "FLAP (WIFV) †": with what tells readers that a method saw text.
[[nodiscard]] std::string marked_label(const Method& method);
/// Of the n-th method of a comparison: all figures use the same.
[[nodiscard]] SeriesStyle style_of(const Comparison& comparison, std::size_t method);
[[nodiscard]] LegendEntry legend_entry(const Comparison& comparison, std::size_t method);

// Each gives the figures for which there are data, and none otherwise.

/// Perplexity against ratio, one a text.
[[nodiscard]] std::vector<Figure> perplexity_figures(const Comparison& comparison);
/// Share of the dense model's accuracy that stays, against ratio: the mean over tasks, then one a task.
[[nodiscard]] std::vector<Figure> retention_figures(const Comparison& comparison);
/// `kMainDistortion` (or the first there is) of every layer, at the comparison's ratio.
[[nodiscard]] std::vector<Figure> distortion_figures(const Comparison& comparison);
/// Singular values of one FFN's response, dense and pruned, at the comparison's ratio.
[[nodiscard]] std::vector<Figure> spectrum_figures(const Comparison& comparison);
/// Where kept neurons lie, one a method, at the comparison's ratio.
[[nodiscard]] std::vector<Figure> kept_figures(const Comparison& comparison);
/// Reward against step, one a method that was trained.
[[nodiscard]] std::vector<Figure> curve_figures(const Comparison& comparison);
/// Seconds of each part of the work, and peak memory.
[[nodiscard]] std::vector<Figure> cost_figures(const Comparison& comparison);

}  // namespace prunenet
