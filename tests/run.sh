#!/usr/bin/env bash
# Sets up, builds and runs every test: what decides whether a change is good. Arguments go to ctest (-R spectral, ...).
# With --sanitize first, it does so under sanitizers, in build-asan/ and build-tsan/: see CONTRIBUTING.md.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="${PRUNENET_BUILD_DIR:-$root/build}"
jobs="$(nproc)"

# Tests run side by side, each with one BLAS thread: threads of several processes spin on each other's cores.
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"

test_in() { # FOLDER CTEST-ARGUMENT...
  ctest --test-dir "$1" --output-on-failure --parallel "$jobs" "${@:2}"
}

# Everything under the address, leak and undefined-behaviour sanitizers; then, under the thread sanitizer, what headers
# call thread-safe. Listing a program's tests is part of the build, and runs the program: hence options before it.
sanitize() { # CTEST-ARGUMENT...
  export UBSAN_OPTIONS="print_stacktrace=1"
  export LSAN_OPTIONS="suppressions=$root/tests/sanitize/leaks.txt:print_suppressions=0"
  export TSAN_OPTIONS="suppressions=$root/tests/sanitize/races.txt:second_deadlock_stack=1"
  cd "$root"
  cmake --preset asan -B "$build-asan"
  cmake --build "$build-asan" --parallel "$jobs"
  test_in "$build-asan" "$@"

  # GCC 12's thread sanitizer does not start where addresses are too random, as they are on newer kernels.
  local plain_addresses=(setarch "$(uname -m)" --addr-no-randomize)
  "${plain_addresses[@]}" true 2> /dev/null || plain_addresses=()
  cmake --preset tsan -B "$build-tsan"
  "${plain_addresses[@]}" cmake --build "$build-tsan" --parallel "$jobs" --target test_threads test_core
  "${plain_addresses[@]}" ctest --test-dir "$build-tsan" --output-on-failure -R '^threads\.|RangeReader'
}

bash "$root/tests/setup.sh"
if [[ ${1:-} == --sanitize ]]; then
  sanitize "${@:2}"
  exit
fi
python="$(PATH="/usr/bin:$PATH" command -v python3)" # Debian's, which setup.sh has installed modules for
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPRUNENET_DEVELOPER=ON -DPRUNENET_BUILD_BENCH=ON \
  -DPRUNENET_BUILD_PYTHON=ON -DPython3_EXECUTABLE="$python"
cmake --build "$build" --parallel "$jobs"
test_in "$build" "$@"
