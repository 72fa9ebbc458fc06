#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace prunenet::testing {

/// Runs `action` in a child process that cannot write a file beyond `max_bytes` (the kernel answers EFBIG, as it would
/// ENOSPC on a full disk), and returns what `action` returned: an exit status of 0 to 255.
template <typename Action>
int run_with_file_limit(rlim_t max_bytes, Action action) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit { max_bytes, max_bytes };
    const bool limited = ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
    ::_exit(limited ? action() : 255);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 256;
}

}  // namespace prunenet::testing
