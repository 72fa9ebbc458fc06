#include "prunenet/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/report/agreement.h"

namespace prunenet {

namespace {

constexpr double kUsualRatio = 0.3;

std::vector<std::filesystem::path> record_files(const std::filesystem::path& path) {
  std::error_code status;
  if (!std::filesystem::is_directory(path, status)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  if (files.empty()) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: there is no record (*.json) in this directory", path.string()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

void note(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

Method& method_of(Comparison& comparison, std::map<std::string, std::size_t>& known, const Record& record) {
  const auto [found, is_new] = known.try_emplace(record.label() + '\n' + record.options(), comparison.methods.size());
  if (is_new) comparison.methods.push_back({record.method(), record.label(), record.data(), {}});
  return comparison.methods[found->second];
}

void add_cell(Method& method, const Record& record) {
  const auto found = std::find_if(method.cells.begin(), method.cells.end(),
                                  [&](const Cell& cell) { return cell.ratio == record.ratio(); });
  if (found != method.cells.end()) {
    found->seeds.push_back(&record);
  } else {
    method.cells.push_back({record.ratio(), {&record}});
  }
}

/// ", bias true": options as people read them.
std::string written_options(const Record& record) {
  std::string text;
  const nlohmann::json options = record.part("/method/options");
  for (const auto& [key, value] : options.items()) {
    text += fmt::format(", {} {}", key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

/// Methods of one label differ in their options, which then belong to the label.
void make_labels_unique(Comparison& comparison) {
  std::map<std::string, int> count;
  for (const Method& method : comparison.methods) ++count[method.label];
  for (Method& method : comparison.methods) {
    if (count[method.label] > 1) method.label += written_options(*method.cells.front().seeds.front());
  }
}

double most_frequent_ratio(const Comparison& comparison) {
  std::map<double, int> count;
  for (const Method& method : comparison.methods) {
    for (const Cell& cell : method.cells) ++count[cell.ratio];
  }
  const auto worse = [](const auto& a, const auto& b) {
    const auto distance = [](double ratio) { return std::abs(ratio - kUsualRatio); };
    return a.second != b.second ? a.second < b.second : distance(a.first) > distance(b.first);
  };
  const auto best = std::max_element(count.begin(), count.end(), worse);
  return best == count.end() ? 0.0 : best->first;
}

double median_perplexity(const Method& method, const Comparison& comparison) {
  const Cell* cell = method.at(comparison.ratio);
  if (cell == nullptr || comparison.texts.empty()) return std::numeric_limits<double>::infinity();
  const auto spread =
      spread_of(cell->values([&](const Record& record) { return perplexity_of(record, comparison.texts.front()); }));
  return spread ? spread->median : std::numeric_limits<double>::infinity();
}

void put_in_order(Comparison& comparison) {
  for (Method& method : comparison.methods) {
    std::sort(method.cells.begin(), method.cells.end(), [](const Cell& a, const Cell& b) { return a.ratio < b.ratio; });
    for (Cell& cell : method.cells) {
      std::stable_sort(cell.seeds.begin(), cell.seeds.end(),
                       [](const Record* a, const Record* b) { return a->seed() < b->seed(); });
    }
  }
  comparison.ratio = most_frequent_ratio(comparison);
  std::stable_sort(comparison.methods.begin(), comparison.methods.end(), [&](const Method& a, const Method& b) {
    return median_perplexity(a, comparison) < median_perplexity(b, comparison);
  });
}

}  // namespace

std::vector<double> Cell::values(const std::function<std::optional<double>(const Record&)>& value) const {
  std::vector<double> found;
  for (const Record* record : seeds) {
    if (const auto here = value(*record)) found.push_back(*here);
  }
  return found;
}

const Cell* Method::at(double ratio) const {
  const auto found = std::find_if(cells.begin(), cells.end(), [&](const Cell& cell) { return cell.ratio == ratio; });
  return found == cells.end() ? nullptr : &*found;
}

std::vector<RecordFile> read_records(const std::vector<std::filesystem::path>& paths) {
  std::set<std::filesystem::path> seen;  // a file may be named twice: by itself and by its directory
  std::vector<RecordFile> records;
  for (const std::filesystem::path& path : paths) {
    for (const std::filesystem::path& file : record_files(path)) {
      if (seen.insert(std::filesystem::weakly_canonical(file)).second) records.push_back({file, read_record(file)});
    }
  }
  return records;
}

std::vector<Comparison> compare_records(const std::vector<RecordFile>& files) {
  check_agreement(files);
  std::vector<Comparison> comparisons;
  std::map<std::string, std::size_t> models;
  std::map<std::string, std::map<std::string, std::size_t>> methods;
  for (const auto& [file, record] : files) {
    const auto [found, is_new] = models.try_emplace(record.model(), comparisons.size());
    if (is_new) comparisons.emplace_back().model = record.model();
    Comparison& comparison = comparisons[found->second];
    if (record.failed()) {
      comparison.failed.push_back(&record);
      continue;
    }
    for (const auto& text : record.part("/perplexity")) note(comparison.texts, base_name(text.at("file")));
    for (const auto& task : record.part("/tasks")) note(comparison.tasks, base_name(task.at("file")));
    if (record.is_dense()) {
      comparison.dense = &record;
    } else {
      add_cell(method_of(comparison, methods[record.model()], record), record);
    }
  }
  for (Comparison& comparison : comparisons) {
    make_labels_unique(comparison);
    put_in_order(comparison);
  }
  return comparisons;
}

}  // namespace prunenet
