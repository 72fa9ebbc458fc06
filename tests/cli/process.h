#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace prunenet::testing {

/// How a program ended and what it said.
struct Finished {
  int exit_code = -1;  ///< -1 where a signal killed it
  std::string out;
  std::string err;
};

/// How a program is run beside its arguments.
struct Surroundings {
  std::vector<std::pair<std::string, std::string>> environment{};  ///< variables beside those of the test
  std::optional<std::uint64_t> file_size_limit{};  ///< bytes a file may reach: stands in for a full disk
  /// Asked every millisecond with the program's process id; once true, `signal` is sent, once.
  std::function<bool(int)> signal_when{};
  int signal = 0;
};

/// Runs a program to its end. A test fails where it does not end within two minutes.
[[nodiscard]] Finished run_process(const std::string& program, const std::vector<std::string>& arguments,
                                   const Surroundings& surroundings = {});

/// All bytes of a file; nothing where there is none.
[[nodiscard]] std::string content_of(const std::filesystem::path& path);

/// Whether a running program has a handler for that signal: from then on it cannot be killed by it.
[[nodiscard]] bool catches(int process, int signal);

}  // namespace prunenet::testing
