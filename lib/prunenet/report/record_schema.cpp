#include "prunenet/report/record_schema.h"

#include <fmt/format.h>

#include "prunenet/core/error.h"
#include "prunenet/report/record.h"
#include "prunenet/report/schema.h"

namespace prunenet {

namespace {

using nlohmann::json;
using schema::Check;
using schema::Place;

constexpr double kMaxRatio = 0.95;  // of plan/plan.h

Check share() {
  return schema::number(0.0, 1.0);
}

Check model_schema() {
  using namespace schema;
  return object({{"name", text(), true},
                 {"parameters", integer(1)},
                 {"bytes", integer(1)},
                 {"layers", integer(1)},
                 {"intermediate_size", integer(1)},
                 {"sha256", text()}});
}

/// What `prunenet eval --json` writes of one text.
Check perplexity_schema() {
  using namespace schema;
  return object({{"file", text(), true},
                 {"ppl", positive(), true},
                 {"nll", finite()},
                 {"windows", integer(1)},
                 {"context", integer(2)},
                 {"tokens", integer(1)},
                 {"text_tokens", integer(1)},
                 {"dtype", text()},
                 {"seconds", not_negative()},
                 {"tokens_per_second", not_negative()},
                 {"sha256", text()}});
}

/// What `prunenet eval --json` writes of one task, with what it is worth beside the dense model.
Check task_schema() {
  using namespace schema;
  return object({{"file", text(), true},
                 {"n", integer(1)},
                 {"acc", share(), true},
                 {"stderr", not_negative()},
                 {"acc_norm", share()},
                 {"acc_norm_stderr", not_negative()},
                 {"seconds", not_negative()},
                 {"chance", share()},
                 {"retention", finite()},
                 {"retention_above_chance", finite()}});
}

Check seconds_schema() {
  using namespace schema;
  return schema::object({{"training", not_negative()},
                         {"selection", not_negative()},
                         {"apply", not_negative()},
                         {"evaluation", not_negative()}});
}

Check layers_schema() {
  using namespace schema;
  return object({{"keep_indices", list_of(list_of(integer(0)))}, {"distortion", map_of(list_of(not_negative()))}});
}

Check curve_schema() {
  using namespace schema;
  return list_of(object({{"step", integer(0), true},
                         {"validation_reward", finite()},
                         {"train_reward", finite()},
                         {"score_spread", finite()},
                         {"seconds", not_negative()}}));
}

Check record_schema() {
  using namespace schema;
  return object(
      {{"format", text(), true},
       {"format_version", integer(1), true},
       {"status", one_of({"done", "failed"}), true},
       {"error", text()},
       {"model", model_schema(), true},
       {"method", object({{"name", text(), true}, {"label", text()}, {"options", anything()}, {"built_in", boolean()}}),
        true},
       {"data", one_of({"none", "self-sampled", "calibration"}), true},
       {"calibration", object({{"file", text()}, {"sha256", text()}, {"tokens", integer(1)}})},
       {"probe", object({{"options", anything()}, {"seed", integer(0)}})},
       {"ratio", number(0.0, kMaxRatio), true},
       {"achieved_ratio", share()},
       {"seed", integer(0)},
       {"parameters", integer(1)},
       {"bytes", integer(1)},
       {"seconds", seconds_schema()},
       {"peak_rss_bytes", integer(1)},
       {"perplexity", list_of(perplexity_schema())},
       {"tasks", list_of(task_schema())},
       {"layers", layers_schema()},
       {"spectrum",
        object({{"layer", integer(0)}, {"dense", list_of(not_negative()), true}, {"pruned", list_of(not_negative())}})},
       {"curve", curve_schema()},
       {"key", text()},
       {"version", text()},
       {"command_line", text()}});
}

/// Another version cannot be told from a damaged file by its fields, so this comes before them.
void check_format(const json& value, const Place& place) {
  if (!value.is_object()) schema::refuse(place, value, "a JSON object");
  const json format = value.value("format", json());
  if (format != Record::kFormat) {
    schema::refuse(place.field("format"), format, fmt::format("\"{}\": this is no record", Record::kFormat));
  }
  const json version = value.value("format_version", json());
  schema::integer(1)(version, place.field("format_version"));
  if (version != Record::kFormatVersion) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("{}: format_version is {}, but this program reads {}; make the record again", place.file,
                            version.dump(), static_cast<int>(Record::kFormatVersion)));
  }
}

/// What fields say of each other.
void check_agreement(const json& value, const Place& place) {
  const json error = value.value("error", json());
  const bool failed = value.at("status") == "failed";
  if (failed == error.is_null()) {
    schema::refuse(place.field("error"), error,
                   failed ? "the reason of status \"failed\", a text" : "absent where status is \"done\"");
  }
  const json calibration = value.value("calibration", json());
  if (!calibration.is_null() && value.at("data") != "calibration") {
    schema::refuse(place.field("calibration"), calibration, "absent where data is not \"calibration\"");
  }
  if (value.at("method").at("name") == Record::kDense && value.at("ratio") != 0) {
    schema::refuse(place.field("ratio"), value.at("ratio"), "0 for the dense model");
  }
}

void check_keep_indices(const json& layers, const json& intermediate_size, const Place& place) {
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    std::int64_t previous = -1;
    for (std::size_t position = 0; position < layers[layer].size(); ++position) {
      const json& index = layers[layer][position];
      const auto at = place.item(layer).item(position);
      if (index <= previous) schema::refuse(at, index, fmt::format("above the one before it, {}", previous));
      if (!intermediate_size.is_null() && index >= intermediate_size) {
        schema::refuse(at, index, fmt::format("below model.intermediate_size, {}", intermediate_size.dump()));
      }
      previous = index.get<std::int64_t>();
    }
  }
}

void check_length(const json& list, const json& layers, const Place& place) {
  if (!layers.is_null() && list.size() != layers) {
    schema::refuse(place, list, fmt::format("a list with one entry a layer: {}, not {}", layers.dump(), list.size()));
  }
}

void check_layers(const json& value, const Place& place) {
  if (value.value("layers", json()).is_null()) return;
  const json& layers = value.at("layers");
  const json count = value.at("model").value("layers", json());
  if (const json kept = layers.value("keep_indices", json()); !kept.is_null()) {
    check_length(kept, count, place.field("layers").field("keep_indices"));
    check_keep_indices(kept, value.at("model").value("intermediate_size", json()),
                       place.field("layers").field("keep_indices"));
  }
  if (const json distortion = layers.value("distortion", json()); !distortion.is_null()) {
    for (const auto& [name, list] : distortion.items()) {
      check_length(list, count, place.field("layers").field("distortion").field(name));
    }
  }
}

}  // namespace

void check_record(const json& value, const std::string& where) {
  const Place place{where, ""};
  check_format(value, place);
  record_schema()(value, place);
  check_agreement(value, place);
  check_layers(value, place);
}

}  // namespace prunenet
