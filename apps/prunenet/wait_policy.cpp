#include "wait_policy.h"

#include <unistd.h>

#include <cstdlib>

namespace prunenet::cli {

void make_idle_threads_sleep(char** argv) {
  constexpr const char* kPolicy = "OMP_WAIT_POLICY";
  if (std::getenv(kPolicy) != nullptr || setenv(kPolicy, "passive", 1) != 0) return;
  execv("/proc/self/exe", argv);
}

}  // namespace prunenet::cli
