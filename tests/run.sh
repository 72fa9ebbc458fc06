#!/usr/bin/env bash
# Sets up, builds and runs every test: what decides whether a change is good. Arguments go to ctest (-R spectral, ...).
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="${PRUNENET_BUILD_DIR:-$root/build}"
jobs="$(nproc)"

bash "$root/tests/setup.sh"
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPRUNENET_DEVELOPER=ON -DPRUNENET_BUILD_BENCH=ON
cmake --build "$build" --parallel "$jobs"

# Tests run side by side, each with one BLAS thread: threads of several processes spin on each other's cores.
export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
ctest --test-dir "$build" --output-on-failure --parallel "$jobs" "$@"
