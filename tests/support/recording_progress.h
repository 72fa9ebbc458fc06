#pragma once

#include <string>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/progress.h"

namespace prunenet::testing {

/// Remembers what it was told, and throws Error(kInterrupted) at the given call of `advance` (none where 0).
class RecordingProgress final : public Progress {
 public:
  explicit RecordingProgress(int interrupt_at = 0) : interrupt_at_(interrupt_at) {}

  void begin(std::string_view stage, std::string_view /*unit*/, std::uint64_t total) override {
    stages.emplace_back(stage);
    totals.push_back(total);
    done.push_back(0);
  }
  void advance(std::uint64_t units) override {
    done.back() += units;
    if (++advances == interrupt_at_) throw Error(ErrorKind::kInterrupted, "stopped by the test");
  }
  void status(std::string_view /*text*/) override {}
  void note(std::string_view /*text*/) override {}
  void warn(std::string_view /*text*/) override {}

  std::vector<std::string> stages;
  std::vector<std::uint64_t> totals;
  std::vector<std::uint64_t> done;  ///< a stage
  int advances = 0;

 private:
  int interrupt_at_;
};

}  // namespace prunenet::testing
