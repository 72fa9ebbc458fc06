// What a record says of one text or task.
#include <cmath>
#include <filesystem>

#include "prunenet/report/comparison.h"

namespace prunenet {

namespace {

using nlohmann::json;

/// The entry of a list that is about this file; null where there is none.
json entry_of(const Record& record, const char* list, const std::string& name) {
  for (const json& entry : record.part(list)) {
    if (base_name(entry.at("file")) == name) return entry;
  }
  return {};
}

std::optional<double> number(const json& entry, const char* field) {
  const json value = entry.is_object() ? entry.value(field, json()) : json();
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

void add(std::optional<double>& sum, const std::optional<double>& value) {
  sum = sum && value ? std::optional(*sum + *value) : std::nullopt;
}

void add_squared(std::optional<double>& sum, const std::optional<double>& value) {
  sum = sum && value ? std::optional(*sum + *value * *value) : std::nullopt;
}

void scale(std::optional<double>& value, double factor) {
  if (value) *value *= factor;
}

/// From the dense model's accuracy, where it is known.
void add_retentions(Accuracy& accuracy) {
  if (!accuracy.dense || *accuracy.dense <= 0.0) return;
  accuracy.retention = accuracy.value / *accuracy.dense;
  if (accuracy.error) accuracy.retention_error = *accuracy.error / *accuracy.dense;
  if (!accuracy.chance) return;
  accuracy.retention_above_chance =
      retention_above_chance(accuracy.value, *accuracy.dense, *accuracy.chance, accuracy.dense_error.value_or(0.0));
}

}  // namespace

std::string base_name(const std::string& file) {
  return std::filesystem::path(file).filename().string();
}

std::optional<double> perplexity_of(const Record& record, const std::string& text) {
  return number(entry_of(record, "/perplexity", text), "ppl");
}

std::optional<double> loss_of(const Record& record, const std::string& text) {
  const auto perplexity = perplexity_of(record, text);
  return perplexity ? std::optional(std::log(*perplexity)) : std::nullopt;
}

std::optional<Accuracy> accuracy_of(const Record& record, const std::string& task, const Record* dense) {
  const json entry = entry_of(record, "/tasks", task);
  if (entry.is_null()) return std::nullopt;
  const bool normed = number(entry, "acc_norm").has_value();
  const char* field = normed ? "acc_norm" : "acc";
  Accuracy accuracy;
  accuracy.value = number(entry, field).value_or(0.0);
  accuracy.error = number(entry, normed ? "acc_norm_stderr" : "stderr");
  accuracy.retention = number(entry, "retention");
  accuracy.retention_above_chance = number(entry, "retention_above_chance");
  accuracy.chance = number(entry, "chance");
  if (dense == nullptr) return accuracy;
  const json whole = entry_of(*dense, "/tasks", task);
  accuracy.dense = number(whole, field);
  accuracy.dense_error = number(whole, normed ? "acc_norm_stderr" : "stderr");
  add_retentions(accuracy);
  return accuracy;
}

std::optional<Accuracy> mean_accuracy_of(const Record& record, const Comparison& comparison) {
  if (comparison.tasks.empty()) return std::nullopt;
  Accuracy mean{0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
  for (const std::string& task : comparison.tasks) {
    const auto accuracy = accuracy_of(record, task, comparison.dense);
    if (!accuracy) return std::nullopt;
    mean.value += accuracy->value;
    add_squared(mean.error, accuracy->error);
    add(mean.retention, accuracy->retention);
    add_squared(mean.retention_error, accuracy->retention_error);
    add(mean.retention_above_chance, accuracy->retention_above_chance);
    add(mean.dense, accuracy->dense);
    add_squared(mean.dense_error, accuracy->dense_error);
    add(mean.chance, accuracy->chance);
  }
  const double share = 1.0 / static_cast<double>(comparison.tasks.size());
  mean.value *= share;
  for (std::optional<double>* value : {&mean.retention, &mean.retention_above_chance, &mean.dense, &mean.chance}) {
    scale(*value, share);
  }
  for (std::optional<double>* error : {&mean.error, &mean.retention_error, &mean.dense_error}) {
    if (*error) *error = std::sqrt(**error) * share;
  }
  add_retentions(mean);
  return mean;
}

}  // namespace prunenet
