#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "command.h"
#include "process.h"
#include "support/temporary_directory.h"

namespace prunenet::testing {

/// Runs the command in a directory of its own.
class CommandTest : public ::testing::Test {
 protected:
  CommandTest() : home_(std::filesystem::current_path()) { std::filesystem::current_path(directory_.path()); }
  ~CommandTest() override { std::filesystem::current_path(home_); }

  static std::string model(const std::string& name) { return PRUNENET_TEST_DATA "/trained/" + name; }
  static std::string text() { return PRUNENET_TEST_DATA "/texts/heldout.txt"; }

  /// In this process, which spares the second that loading libtorch takes; everything but `main` itself.
  [[nodiscard]] static Finished run(const std::vector<std::string>& arguments) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int exit_code = cli::run_command(with_one_thread(arguments));
    std::fflush(stdout);
    std::fflush(stderr);
    Finished finished;
    finished.exit_code = exit_code;
    finished.out = ::testing::internal::GetCapturedStdout();
    finished.err = ::testing::internal::GetCapturedStderr();
    return finished;
  }
  /// The built program, as a process.
  [[nodiscard]] static Finished run_program(const std::vector<std::string>& arguments,
                                            const Surroundings& surroundings = {}) {
    return run_process(PRUNENET_PROGRAM, with_one_thread(arguments), surroundings);
  }
  /// The same, expected to succeed.
  static Finished run_well(const std::vector<std::string>& arguments) {
    Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return finished;
  }
  /// One line on standard error that starts with the verb and holds every fragment; nothing on standard output.
  static void expect_one_line(const Finished& finished, const std::string& verb,
                              const std::vector<std::string>& fragments) {
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    EXPECT_THAT(finished.err, ::testing::StartsWith("prunenet " + verb + ": error: "));
    for (const std::string& fragment : fragments) EXPECT_THAT(finished.err, ::testing::HasSubstr(fragment));
  }
  static void expect_failure(std::vector<std::string> arguments, int exit_code,
                             const std::vector<std::string>& fragments) {
    arguments.emplace_back("--quiet");
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, exit_code) << finished.err;
    expect_one_line(finished, arguments.front(), fragments);
  }
  /// Names in the test's directory, sorted.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::string file(const std::string& name) { return content_of(name); }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ / name; }

 private:
  /// Several threads on tiny matrices, beside other tests, only wait for each other.
  static std::vector<std::string> with_one_thread(std::vector<std::string> arguments) {
    const bool says = std::find(arguments.begin(), arguments.end(), "--threads") != arguments.end();
    if (!says && !arguments.front().starts_with("--")) arguments.insert(arguments.end(), {"--threads", "1"});
    return arguments;
  }

  TemporaryDirectory directory_;
  std::filesystem::path home_;
};

}  // namespace prunenet::testing
