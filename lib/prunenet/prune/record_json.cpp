#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/prune/record.h"

namespace prunenet {

namespace {

constexpr const char* kRecordFormat = "prunenet-record";

nlohmann::ordered_json before_and_after(std::uint64_t before, std::uint64_t after) {
  return {{"before", before}, {"after", after}};
}

nlohmann::ordered_json healing_json(const HealingRecord& healing) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const HealingRecord::Layer& layer : healing.layers) {
    nlohmann::ordered_json entry = {{"lambda", nullptr},
                                    {"error_before", layer.error_before},
                                    {"error_after", layer.error_after},
                                    {"held_out_before", layer.held_out_before},
                                    {"held_out_after", layer.held_out_after}};
    if (layer.lambda) entry["lambda"] = *layer.lambda;
    layers.push_back(std::move(entry));
  }
  return {{"form", healing.form},
          {"correction", healing.correction},
          {"tokens", healing.tokens},
          {"held_out_tokens", healing.held_out_tokens},
          {"sequence_length", healing.sequence_length},
          {"start_tokens", healing.start_tokens},
          {"temperature", healing.temperature},
          {"seed", healing.seed},
          {"layers", layers}};
}

nlohmann::ordered_json record_json(const PruneRecord& record) {
  const PruneEstimate& sizes = record.sizes;
  nlohmann::ordered_json json;
  json["format"] = kRecordFormat;
  json["format_version"] = PruneRecord::kFormatVersion;
  json["prunenet_version"] = record.prunenet_version;
  json["seed"] = nullptr;
  if (record.seed) json["seed"] = *record.seed;
  json["model"] = record.model;
  json["policy"] = nullptr;
  if (record.policy) json["policy"] = {{"file", record.policy->file}, {"sha256", record.policy->sha256}};
  json["requested_ratio"] = sizes.requested_ratio;
  json["achieved_ratio"] = {{"ffn", sizes.ffn_ratio},
                            {"model", sizes.model_ratio},
                            {"bytes", sizes.bytes_ratio},
                            {"multiply_accumulates", sizes.macs_ratio}};
  json["down_bias_changed"] = record.down_bias_changed;
  if (record.healing) json["healing"] = healing_json(*record.healing);
  json["intermediate_size"] = {{"before", sizes.intermediate_size_before}, {"after", sizes.intermediate_size_after}};
  if (sizes.largest_size_after != sizes.intermediate_size_after) {
    json["intermediate_size"]["largest_after"] = sizes.largest_size_after;
  }
  json["parameters"] = before_and_after(sizes.parameters_before, sizes.parameters_after);
  json["bytes"] = before_and_after(sizes.bytes_before, sizes.bytes_after);
  json["multiply_accumulates"] = before_and_after(sizes.macs_before, sizes.macs_after);
  json["inputs"] = record.inputs;
  if (!record.outputs.empty()) json["outputs"] = record.outputs;
  json["plan"] = to_json(record.plan);
  if (record.run) {
    json["run"] = {{"command_line", record.run->command_line},
                   {"wall_seconds", record.run->wall_seconds},
                   {"peak_rss_bytes", record.run->peak_rss_bytes}};
  }
  return json;
}

/// A number that is not negative; nlohmann's own conversions would take 1.5 for 1, and overflow at 1e300.
std::uint64_t count_at(const nlohmann::json& json, const char* key) {
  const nlohmann::json& value = json.at(key);
  if (!value.is_number_unsigned()) reject("record", fmt::format("\"{}\" is not a count", key));
  return value.get<std::uint64_t>();
}

PruneEstimate sizes_from_json(const nlohmann::json& json) {
  PruneEstimate sizes;
  sizes.requested_ratio = json.at("requested_ratio");
  const nlohmann::json& achieved = json.at("achieved_ratio");
  sizes.ffn_ratio = achieved.at("ffn");
  sizes.model_ratio = achieved.at("model");
  sizes.bytes_ratio = achieved.at("bytes");
  sizes.macs_ratio = achieved.at("multiply_accumulates");
  const nlohmann::json& width = json.at("intermediate_size");
  sizes.intermediate_size_before = static_cast<std::int64_t>(count_at(width, "before"));
  sizes.intermediate_size_after = static_cast<std::int64_t>(count_at(width, "after"));
  sizes.largest_size_after = sizes.intermediate_size_after;
  if (width.contains("largest_after")) {
    sizes.largest_size_after = static_cast<std::int64_t>(count_at(width, "largest_after"));
  }
  const auto read_pair = [&json](const char* key, std::uint64_t& before, std::uint64_t& after) {
    before = count_at(json.at(key), "before");
    after = count_at(json.at(key), "after");
  };
  read_pair("parameters", sizes.parameters_before, sizes.parameters_after);
  read_pair("bytes", sizes.bytes_before, sizes.bytes_after);
  read_pair("multiply_accumulates", sizes.macs_before, sizes.macs_after);
  return sizes;
}

void check_sha256(const std::string& text) {
  const bool hexadecimal = text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hexadecimal) reject("record", fmt::format("'{}' is no SHA-256", printable(text)));
}

/// Names of files below the directory that they are relative to, which are all that may be opened.
Digests digests_from_json(const nlohmann::json& json) {
  auto digests = json.get<Digests>();
  for (const auto& [name, digest] : digests) {
    const std::filesystem::path path(name);
    const bool inside = !name.empty() && path.is_relative() && path.has_filename() && path == path.lexically_normal() &&
                        *path.begin() != ".." && name.find('\0') == std::string::npos;
    if (!inside) reject("record", fmt::format("'{}' is no name of a file in a model directory", printable(name)));
    check_sha256(digest);
  }
  return digests;
}

HealingRecord healing_from_json(const nlohmann::json& json) {
  HealingRecord healing;
  healing.form = json.at("form");
  healing.correction = json.at("correction");
  healing.tokens = static_cast<std::int64_t>(count_at(json, "tokens"));
  healing.held_out_tokens = static_cast<std::int64_t>(count_at(json, "held_out_tokens"));
  healing.sequence_length = static_cast<std::int64_t>(count_at(json, "sequence_length"));
  healing.start_tokens = json.at("start_tokens").get<std::vector<std::int64_t>>();
  healing.temperature = json.at("temperature");
  healing.seed = count_at(json, "seed");
  for (const nlohmann::json& entry : json.at("layers")) {
    HealingRecord::Layer& layer = healing.layers.emplace_back();
    if (!entry.at("lambda").is_null()) layer.lambda = entry.at("lambda").get<double>();
    layer.error_before = entry.at("error_before");
    layer.error_after = entry.at("error_after");
    layer.held_out_before = entry.at("held_out_before");
    layer.held_out_after = entry.at("held_out_after");
  }
  return healing;
}

PruneRecord record_from_json(const nlohmann::json& json) {
  PruneRecord record;
  record.prunenet_version = json.at("prunenet_version");
  if (!json.at("seed").is_null()) record.seed = count_at(json, "seed");
  record.model = json.at("model");
  if (const nlohmann::json& policy = json.at("policy"); !policy.is_null()) {
    record.policy = {policy.at("file").get<std::string>(), policy.at("sha256").get<std::string>()};
    check_sha256(record.policy->sha256);
  }
  record.sizes = sizes_from_json(json);
  record.down_bias_changed = json.at("down_bias_changed");
  if (json.contains("healing")) record.healing = healing_from_json(json.at("healing"));
  record.inputs = digests_from_json(json.at("inputs"));
  if (json.contains("outputs")) record.outputs = digests_from_json(json.at("outputs"));
  record.plan = plan_from_json(json.at("plan"));
  if (json.contains("run")) {
    const nlohmann::json& run = json.at("run");
    record.run = {run.at("command_line").get<std::string>(), run.at("wall_seconds").get<double>(),
                  count_at(run, "peak_rss_bytes")};
  }
  return record;
}

std::string excerpt_of(const nlohmann::json& value) {
  return printable(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), 60);
}

}  // namespace

std::string record_text(const PruneRecord& record) {
  return record_json(record).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

PruneRecord parse_record(const std::string& text, const std::string& where) {
  const nlohmann::json json = parse_json_object(text, where);
  try {
    if (json.at("format") != kRecordFormat) reject("record", fmt::format("its \"format\" is not {}", kRecordFormat));
    if (json.at("format_version") != PruneRecord::kFormatVersion) {
      throw Error(ErrorKind::kUnsupported,
                  fmt::format("record: format_version is {}, but this program reads {}; prune again",
                              excerpt_of(json.at("format_version")), static_cast<int>(PruneRecord::kFormatVersion)));
    }
    PruneRecord record = record_from_json(json);
    // What is written again is what was read, or there was more in it, or something of another kind.
    const auto differences = json_differences(record_json(record), json);
    if (!differences.empty()) reject("record", differences.front());
    return record;
  } catch (const nlohmann::json::exception& error) {
    reject(where, fmt::format("record: {}", printable(error.what(), 240)));
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", where, error.what()));
  }
}

std::vector<std::string> json_differences(const nlohmann::json& expected, const nlohmann::json& found) {
  std::vector<std::string> differences;
  for (const nlohmann::json& change : nlohmann::json::diff(expected, found)) {
    const auto path = change.at("path").get<std::string>();
    const std::string place = fmt::format("at '{}'", printable(path));
    const nlohmann::json::json_pointer pointer(path);
    if (change.at("op") == "add") {
      differences.push_back(fmt::format("{}: {} is too much", place, excerpt_of(change.at("value"))));
    } else if (change.at("op") == "remove") {
      differences.push_back(fmt::format("{}: {} is missing", place, excerpt_of(expected.at(pointer))));
    } else {
      differences.push_back(fmt::format("{}: {} in place of {}", place, excerpt_of(change.at("value")),
                                        excerpt_of(expected.at(pointer))));
    }
  }
  return differences;
}

std::vector<std::string> differing_fields(const PruneRecord& expected, const PruneRecord& found) {
  return json_differences(record_json(expected), record_json(found));
}

}  // namespace prunenet
