#include "curve_output.h"

#include <chrono>
#include <memory>

#include "prunenet/report/event_file.h"

namespace prunenet::cli {

namespace {

double seconds_since_epoch() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// All numbers of a point but the one that numbers the points.
Scalars scalars_of(const nlohmann::json& point, const std::string& number) {
  Scalars scalars;
  for (const auto& [name, value] : point.items()) {
    if (value.is_number() && name != number) scalars.emplace_back(name, value.get<double>());
  }
  return scalars;
}

}  // namespace

void add_curve_options(VerbOptions& options, CurveArguments& arguments) {
  options.add()("tensorboard", value_of(arguments.tensorboard, "DIR"),
                "also write the learning curve into an event file in this directory, for TensorBoard, while it grows");
}

CurveLog curve_log(const CurveArguments& arguments, Job& job) {
  std::shared_ptr<EventFile> events;  // of a std::function, which is copied
  if (!arguments.tensorboard.empty()) {
    events = std::make_shared<EventFile>(arguments.tensorboard, seconds_since_epoch());
  }
  return [events, &job](const nlohmann::json& point) {
    job.progress().point(point);
    if (events == nullptr) return;
    const std::string number = point.contains("step") ? "step" : "episode";
    events->add(point.at(number).get<std::int64_t>(), seconds_since_epoch(), scalars_of(point, number));
  };
}

}  // namespace prunenet::cli
