#include <algorithm>

#include "command.h"
#include "interrupt.h"
#include "wait_policy.h"

int main(int argc, char** argv) {
  prunenet::cli::make_idle_threads_sleep(argv);
  prunenet::cli::catch_interrupts();
  return prunenet::cli::run_command({argv + std::min(argc, 1), argv + argc});
}
