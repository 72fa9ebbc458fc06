#include "forked.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "command.h"
#include "interrupt.h"
#include "support/temporary_directory.h"

namespace prunenet::testing {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr std::chrono::seconds kLongestRun{120};

/// Counts that a child leaves for its parent.
class SharedCounts {
 public:
  SharedCounts()
      : memory_(::mmap(nullptr, sizeof(CallCounts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~SharedCounts() { ::munmap(memory_, sizeof(CallCounts)); }
  SharedCounts(const SharedCounts&) = delete;
  SharedCounts& operator=(const SharedCounts&) = delete;
  [[nodiscard]] CallCounts& get() const { return *static_cast<CallCounts*>(memory_); }

 private:
  void* memory_;
};

void redirect_to(int descriptor, const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(file, descriptor);
  ::close(file);
}

[[noreturn]] void run_in_child(const std::vector<std::string>& arguments, const Accident& accident, CallCounts& counts,
                               const std::filesystem::path& output) {
  redirect_to(STDOUT_FILENO, output / "out");
  redirect_to(STDERR_FILENO, output / "err");
  cli::catch_interrupts();
  meet_fault(accident.fault, accident.nth, counts);
  const int exit_code = cli::run_command(arguments);
  meet_fault(Fault::kNone, 0, counts);
  std::fflush(nullptr);
  ::_exit(exit_code);
}

int wait_or_kill(pid_t child, const Accident& accident) {
  const Clock::time_point start = Clock::now();
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    const auto time = Clock::now() - start;
    if (accident.killed_after && time >= *accident.killed_after) ::kill(child, SIGKILL);
    if (time > kLongestRun) {
      ADD_FAILURE() << "the run did not end in time";
      ::kill(child, SIGKILL);
    }
    std::this_thread::sleep_for(microseconds(200));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Ended run_forked(std::vector<std::string> arguments, const Accident& accident) {
  arguments.insert(arguments.end(), {"--threads", "1", "--quiet"});
  const TemporaryDirectory output;
  const SharedCounts counts;
  const Clock::time_point start = Clock::now();
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) run_in_child(arguments, accident, counts.get(), output.path());
  Ended ended;
  ended.finished.exit_code = wait_or_kill(child, accident);
  ended.time = std::chrono::duration_cast<microseconds>(Clock::now() - start);
  ended.finished.out = content_of(output / "out");
  ended.finished.err = content_of(output / "err");
  ended.counts = counts.get();
  return ended;
}

}  // namespace prunenet::testing
