#include "interrupt.h"

#include <csignal>

#include "prunenet/core/error.h"

namespace prunenet::cli {

namespace {

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t received_signal = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

extern "C" void remember_signal(int signal) {
  received_signal = signal;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = remember_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    // One that is ignored stays so: nohup(1) does that, and shells to background jobs.
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // NOLINT
  }
  // A file that reaches the limit of `ulimit -f` is then a failed write, as on a full disk, and cleaned up after.
  std::signal(SIGXFSZ, SIG_IGN);
}

void throw_if_interrupted() {
  if (received_signal == 0) return;
  throw Error(ErrorKind::kInterrupted, received_signal == SIGINT ? "interrupted" : "terminated");
}

}  // namespace prunenet::cli
