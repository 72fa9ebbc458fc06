#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

namespace prunenet {

/// Sees each point of a learning curve when it is made: the same object that the record or policy has of it, with
/// numbers by name, "step" (or "episode") among them. Points of a run that is resumed are not shown again.
using CurveLog = std::function<void(const nlohmann::json& point)>;

/// Shows `log`, where there is one, the points from number `first` on.
template <typename Point>
void log_points(const CurveLog& log, const std::vector<Point>& curve, std::size_t first) {
  if (!log || first >= curve.size()) return;
  const nlohmann::json points = to_json(curve);
  for (std::size_t i = first; i < points.size(); ++i) log(points[i]);
}

}  // namespace prunenet
