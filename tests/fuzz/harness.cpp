#include "fuzz/harness.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "fuzz/allocation.h"
#include "prunenet/core/error.h"
#include "support/temporary_directory.h"

namespace prunenet::testing {

namespace {

constexpr std::size_t kLongestMessage = 4096;

[[noreturn]] void report_finding(const std::string& what) {
  std::fprintf(stderr, "FINDING: %s\n", what.c_str());
  std::abort();
}

void check_message(const std::string& message) {
  if (message.empty() || message.size() > kLongestMessage) {
    report_finding("a message of " + std::to_string(message.size()) + " bytes: " + message.substr(0, 200));
  }
  const bool one_line = std::all_of(message.begin(), message.end(), [](char character) {
    return static_cast<unsigned char>(character) >= 0x20 && character != 0x7F;
  });
  if (!one_line) report_finding("a message with control characters: " + message);
}

}  // namespace

FuzzOutcome run_fuzz_target(FuzzTarget target, std::string_view input) {
  FuzzOutcome outcome = FuzzOutcome::kAccepted;
  const AllocationWatch watch;
  try {
    target(input);
  } catch (const Error& error) {
    check_message(error.what());
    outcome = FuzzOutcome::kRefused;
  }
  const std::uint64_t allowed = kFuzzBaseBytes + kFuzzBytesPerByte * input.size();
  if (watch.peak() > allowed) {
    report_finding("an input of " + std::to_string(input.size()) + " bytes takes " + std::to_string(watch.peak()) +
                   " bytes of memory, " + std::to_string(allowed) + " are allowed");
  }
  return outcome;
}

std::vector<std::string_view> fuzz_parts(std::string_view input, std::size_t count) {
  constexpr std::string_view kSeparator = "=====\n";
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const std::size_t end = input.find(kSeparator);
    parts.push_back(input.substr(0, end));
    input = end == std::string_view::npos ? std::string_view() : input.substr(end + kSeparator.size());
  }
  parts.push_back(input);
  return parts;
}

const std::string& fuzz_directory(const std::map<std::string, std::string_view>& files) {
  static const TemporaryDirectory directory;
  static const std::string path = directory.path().string();
  for (const auto& [name, content] : files) {
    if (content.empty()) {
      std::remove((path + "/" + name).c_str());
      continue;
    }
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen((path + "/" + name).c_str(), "wb"),
                                                               &std::fclose);
    if (!file || std::fwrite(content.data(), 1, content.size(), file.get()) != content.size()) {
      report_finding("no room for the files of an input");
    }
  }
  return path;
}

std::map<std::string, FuzzTarget>& fuzz_targets() {
  static std::map<std::string, FuzzTarget> targets;
  return targets;
}

}  // namespace prunenet::testing
