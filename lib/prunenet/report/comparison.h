#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/report/record.h"
#include "prunenet/report/statistics.h"

namespace prunenet {

struct RecordFile {
  std::filesystem::path file;
  Record record;
};

/// The records of these files, and of the *.json files of these directories in the order of their names. Throws
/// Error(kBadInput) for a path that is not there or a directory without records, and as `read_record`.
[[nodiscard]] std::vector<RecordFile> read_records(const std::vector<std::filesystem::path>& paths);

/// One method at one ratio: the records of its seeds, in the order of the seeds.
struct Cell {
  double ratio = 0.0;
  std::vector<const Record*> seeds;  ///< at least one, none failed

  /// Over those seeds for which `value` gives one.
  [[nodiscard]] std::vector<double> values(const std::function<std::optional<double>(const Record&)>& value) const;
};

struct Method {
  std::string name;         ///< method.name
  std::string label;        ///< unique in its comparison
  std::string data;         ///< as Record::data
  std::vector<Cell> cells;  ///< ascending ratios

  [[nodiscard]] const Cell* at(double ratio) const;  ///< null where there is none
};

/// All records of one model, as views of the records that it was made of.
struct Comparison {
  std::string model;
  const Record* dense = nullptr;      ///< null where no record holds the dense model
  std::vector<Method> methods;        ///< lowest perplexity at `ratio` first
  std::vector<const Record*> failed;  ///< in the order of the files
  std::vector<std::string> texts;     ///< file names without folders, in the order in which they turn up
  std::vector<std::string> tasks;     ///< the same
  double ratio = 0.0;                 ///< the one that most methods have; of several, the one nearest to 0.3
};

/// One comparison a model, in the order in which models turn up. `files` must outlive it. Throws Error(kMismatch) that
/// names both files where two records hold the same cell (model, method, options, ratio, seed), or where two records of
/// a model measured the same text or task by different rules (context, windows, content, items).
[[nodiscard]] std::vector<Comparison> compare_records(const std::vector<RecordFile>& files);

/// A file's name without its folders, which differ between machines.
[[nodiscard]] std::string base_name(const std::string& file);

/// What was measured of this text; nothing where it was not.
[[nodiscard]] std::optional<double> perplexity_of(const Record& record, const std::string& text);
/// Negative log-likelihood a token, nats.
[[nodiscard]] std::optional<double> loss_of(const Record& record, const std::string& text);

/// One task's accuracy (acc_norm where there is one), beside the dense model's.
struct Accuracy {
  double value = 0.0;
  std::optional<double> error;  ///< standard error
  std::optional<double> retention;
  std::optional<double> retention_error;
  std::optional<double> retention_above_chance;
  std::optional<double> dense;        ///< the dense model's accuracy
  std::optional<double> dense_error;  ///< and its standard error
  std::optional<double> chance;
};
[[nodiscard]] std::optional<Accuracy> accuracy_of(const Record& record, const std::string& task, const Record* dense);

/// Over all tasks of a comparison; `value` is the mean accuracy. Retentions are those of the mean accuracies where the
/// dense model's are known, else the means of what the records say. Nothing where a task was not measured, and no
/// retention where one task has none.
[[nodiscard]] std::optional<Accuracy> mean_accuracy_of(const Record& record, const Comparison& comparison);

}  // namespace prunenet
