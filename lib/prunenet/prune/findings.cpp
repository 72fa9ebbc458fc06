#include "prunenet/prune/findings.h"

#include <fmt/format.h>

#include "prunenet/core/printable.h"
#include "prunenet/core/sha256.h"

namespace prunenet {

std::string to_string(const VerifyFailure& failure) {
  if (failure.tensor.empty()) return fmt::format("{}: {}", printable(failure.file), failure.what);
  return fmt::format("{}: tensor '{}': {}", printable(failure.file), printable(failure.tensor), failure.what);
}

void Findings::holds(std::uint64_t times) {
  if (report_.checks.empty()) begin("");
  report_.checks.back().held += times;
}

void Findings::fails(const std::string& file, const std::string& tensor, const std::string& what) {
  if (report_.checks.empty()) begin("");
  ++report_.checks.back().failed;
  if (report_.failure_count++ < most_failures_) {
    report_.failures.push_back({report_.checks.back().name, file, tensor, what});
  }
}

void Findings::fails(const std::string& file, const Error& error) {
  const ErrorKind kind = error.kind();
  if (kind == ErrorKind::kInterrupted || kind == ErrorKind::kOutOfSpace || kind == ErrorKind::kIo) throw Error(error);
  fails(file, "", error.what());
}

void Findings::expect_none(const std::string& file, const std::vector<std::string>& differences) {
  if (differences.empty()) holds();
  for (const std::string& difference : differences) fails(file, "", difference);
}

void compare_digests(const std::filesystem::path& directory, const Digests& recorded, const std::string& stage,
                     Findings& findings, Progress& progress) {
  std::uint64_t total = 0;
  for (const auto& [name, digest] : recorded) {
    std::error_code missing;
    const std::uintmax_t bytes = std::filesystem::file_size(directory / name, missing);
    if (!missing) total += bytes;
  }
  progress.begin(stage, "bytes", total);
  for (const auto& [name, digest] : recorded) {
    try {
      const std::string found = sha256_file(directory / name, progress);
      if (found == digest) {
        findings.holds();
      } else {
        findings.fails(name, "", fmt::format("SHA-256 is {}, but {} is recorded", found, digest));
      }
    } catch (const Error& error) {
      findings.fails(name, error);
    }
  }
}

void compare_policy(const PruneRecord& record, const std::filesystem::path& policy, Findings& findings) {
  if (policy.empty()) return;
  findings.begin("policy");
  const std::string name = policy.filename().string();
  const std::string found = sha256_file(policy);
  if (!record.policy) {
    findings.fails(name, "", "the record names no policy");
  } else if (record.policy->sha256 != found) {
    findings.fails(name, "", fmt::format("SHA-256 is {}, but {} is recorded", found, record.policy->sha256));
  } else {
    findings.holds();
  }
}

void require_layers_healed(const PruneRecord& record, const std::string& file, Findings& findings) {
  if (record.healing->layers.size() == record.plan.keep_indices.size()) return findings.holds();
  findings.fails(file, "",
                 fmt::format("says how {} layers were healed, but its plan has {}", record.healing->layers.size(),
                             record.plan.keep_indices.size()));
}

void compare_sizes(const std::string& file, const PruneRecord& record, const PruneEstimate& sizes, Findings& findings) {
  PruneRecord expected = record;
  expected.sizes = sizes;
  findings.expect_none(file, differing_fields(expected, record));
}

}  // namespace prunenet
