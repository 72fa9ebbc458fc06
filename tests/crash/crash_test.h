#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "forked.h"
#include "support/temporary_directory.h"

namespace prunenet::testing {

/// SHA-256 of every file below a directory, or of the one file; of prunenet.json without the facts of its run: when,
/// how long, with how much memory.
using Tree = std::map<std::string, std::string>;
[[nodiscard]] Tree tree_of(const std::filesystem::path& path);

/// How many moments a run is killed at: PRUNENET_CRASH_MOMENTS, or a number that the tests have time for.
[[nodiscard]] int crash_moments();

/// Where the n-th of `moments` kills strikes a run that goes like `whole`: half of them at calls that change files,
/// half at times, spread over the run.
[[nodiscard]] Accident kill_number(int n, int moments, const Ended& whole);

/// Runs the command in a directory of its own, on models that must stay as they are.
class CrashTest : public ::testing::Test {
 protected:
  CrashTest();
  ~CrashTest() override;

  [[nodiscard]] std::set<std::string> names() const;
  /// Names that are not in `expected`, which must be no more than what one killed run leaves: unfinished outputs.
  void expect_only_unfinished_beside(const std::set<std::string>& expected) const;
  /// Runs to its end, and well.
  static Ended run_whole(const std::vector<std::string>& arguments);
  void expect_model_untouched() const;

  static const std::string& model();
  static const std::string& text();

 private:
  TemporaryDirectory directory_;
  std::filesystem::path home_;
  Tree model_before_;
};

}  // namespace prunenet::testing
