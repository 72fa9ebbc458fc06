#include "process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "support/temporary_directory.h"

namespace prunenet::testing {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kLongest{120};
constexpr milliseconds kBetweenLooks{1};

void redirect(int descriptor, const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(file, descriptor);
}

/// In the child, between fork and exec.
[[noreturn]] void become(std::vector<char*>& words, const Surroundings& surroundings,
                         const std::filesystem::path& output) {
  redirect(STDOUT_FILENO, output / "out");
  redirect(STDERR_FILENO, output / "err");
  if (surroundings.file_size_limit) {
    const rlimit limit{*surroundings.file_size_limit, *surroundings.file_size_limit};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  for (const auto& [name, value] : surroundings.environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::execv(words.front(), words.data());
  ::_exit(127);
}

int wait_for(pid_t child, const Surroundings& surroundings) {
  const auto start = std::chrono::steady_clock::now();
  bool signalled = !surroundings.signal_when;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (!signalled && surroundings.signal_when(child)) {
      ::kill(child, surroundings.signal);
      signalled = true;
    }
    if (std::chrono::steady_clock::now() - start > kLongest) {
      ADD_FAILURE() << "the program did not end in time";
      ::kill(child, SIGKILL);
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool catches(int process, int signal) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("SigCgt:")) continue;
    const std::uint64_t caught = std::stoull(line.substr(7), nullptr, 16);
    return (caught >> static_cast<unsigned>(signal - 1) & 1U) != 0;
  }
  return false;
}

Finished run_process(const std::string& program, const std::vector<std::string>& arguments,
                     const Surroundings& surroundings) {
  const TemporaryDirectory output;
  std::vector<std::string> copies{program};
  copies.insert(copies.end(), arguments.begin(), arguments.end());
  std::vector<char*> words;
  for (std::string& copy : copies) words.push_back(copy.data());
  words.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) become(words, surroundings, output.path());
  Finished finished;
  finished.exit_code = wait_for(child, surroundings);
  finished.out = content_of(output / "out");
  finished.err = content_of(output / "err");
  return finished;
}

}  // namespace prunenet::testing
