#pragma once

#include <cstdint>
#include <string_view>

namespace prunenet {

/// What long work tells its caller, and how its caller stops it. The library itself never prints.
///
/// Any call may throw Error(kInterrupted): work then unwinds, and leaves nothing half-written.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A stage of `total` units ("sampling", "tokens") starts; it ends at the next `begin` or with the job.
  virtual void begin(std::string_view stage, std::string_view unit, std::uint64_t total) = 0;
  /// `units` more are done.
  virtual void advance(std::uint64_t units) = 0;
  /// A figure worth showing beside the bar ("reward 1.234"); replaces the one before.
  virtual void status(std::string_view text) = 0;
  /// One line worth keeping in a log, at information or warning level.
  virtual void note(std::string_view text) = 0;
  /// Something that the user should know, though the work goes on.
  virtual void warn(std::string_view text) = 0;
};

/// Says nothing and never stops.
class SilentProgress final : public Progress {
 public:
  void begin(std::string_view /*stage*/, std::string_view /*unit*/, std::uint64_t /*total*/) override {}
  void advance(std::uint64_t /*units*/) override {}
  void status(std::string_view /*text*/) override {}
  void note(std::string_view /*text*/) override {}
  void warn(std::string_view /*text*/) override {}
};

}  // namespace prunenet
