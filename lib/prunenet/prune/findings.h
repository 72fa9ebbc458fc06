#pragma once

#include <cstddef>
#include <string>

#include "prunenet/core/error.h"
#include "prunenet/prune/record.h"
#include "prunenet/prune/verify.h"

namespace prunenet {

/// Collects a VerifyReport, check by check.
class Findings {
 public:
  explicit Findings(std::size_t most_failures) : most_failures_(most_failures) {}

  /// What is said from now on belongs to this check.
  void begin(const std::string& check) { report_.checks.push_back({check, 0, 0}); }
  void holds(std::uint64_t times = 1);
  void fails(const std::string& file, const std::string& tensor, const std::string& what);
  /// What reading the output threw. Goes on to the caller where it says nothing about the output.
  void fails(const std::string& file, const Error& error);
  void warn(const std::string& what) { report_.warnings.push_back(what); }
  /// One failure for each entry, or one thing that holds where there is none.
  void expect_none(const std::string& file, const std::vector<std::string>& differences);

  /// The end: nothing may follow.
  [[nodiscard]] VerifyReport take() { return std::move(report_); }

 private:
  std::size_t most_failures_;
  VerifyReport report_;
};

/// Compares the files of a directory with the digests of a record; one that cannot be read is a failure.
void compare_digests(const std::filesystem::path& directory, const Digests& recorded, const std::string& stage,
                     Findings& findings, Progress& progress);

/// Compares a policy file with the record's.
void compare_policy(const PruneRecord& record, const std::filesystem::path& policy, Findings& findings);

/// Whether a record of healing tells of as many layers as its plan.
void require_layers_healed(const PruneRecord& record, const std::string& file, Findings& findings);

/// Compares the sizes and ratios of a record with those that its plan has on this input.
void compare_sizes(const std::string& file, const PruneRecord& record, const PruneEstimate& sizes, Findings& findings);

}  // namespace prunenet
