#!/usr/bin/env bash
# Fuzzes every reader: run.sh [SECONDS_PER_TARGET [TARGET ...]]; needs clang, and libFuzzer with it (Debian: clang).
# Environment: PRUNENET_FUZZ_DIR, the folder for build and findings (build-fuzz beside lib); PRUNENET_FUZZ_RUNS, a number of
# executions after which a target ends in any case; CLANGXX, the compiler.
#
# A table of what each target did comes last. Inputs that led further are kept in the folder and tried first the next
# time. The exit status is 1 where there were findings; their inputs are in the folder, too.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
work="${PRUNENET_FUZZ_DIR:-$root/build-fuzz}"
seconds="${1:-60}"
shift || true
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for folder in "$here"/corpus/*/; do
    targets+=("$(basename "$folder")")
  done
fi

mkdir -p "$work"
[[ -d /dev/shm ]] && export TMPDIR=/dev/shm # some targets read files of a directory

# All modules are instrumented, libraries of the system are as they are.
sanitizers=address,undefined,float-cast-overflow
cmake -S "$root" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER="${CLANGXX:-clang++}" \
  -DPRUNENET_FUZZ=ON -DPRUNENET_CCACHE=OFF \
  -DCMAKE_CXX_FLAGS="-O1 -gline-tables-only -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS \
-include $here/clang_libstdcxx.h -fsanitize=fuzzer-no-link,$sanitizers -fno-sanitize=vptr -fno-sanitize-recover=all" > "$work/cmake.log" ||
  { cat "$work/cmake.log"; exit 2; }
cmake --build "$work/build" --parallel "${PRUNENET_FUZZ_JOBS:-$(nproc)}" --target "${targets[@]/#/fuzz_}" >&2

# What a run says of itself last: "#1234 DONE cov: 56 ft: 78 corp: 9/10b ... rss: 57Mb".
value_of() { # KEY LOG
  sed -n "s/.* $1: \([0-9]*\).*/\1/p" "$2" | tail -n 1
}

findings=0
summary="$work/summary.txt"
row="%-18s %12s %9s %9s %9s %9s %9s\n"
# shellcheck disable=SC2059 # the format is ours
printf "$row" target executions per_s coverage features peak_MB findings > "$summary"
for target in "${targets[@]}"; do
  case "$target" in
    regex | text) longest=512 ;; # what takes time in proportion to the input is no use
    *) longest=4096 ;;
  esac
  new="$work/corpus/$target"
  found="$work/findings/$target"
  mkdir -p "$new" "$found"
  log="$work/$target.log"
  dictionary=()
  [[ -f "$here/dict/$target.dict" ]] && dictionary=(-dict="$here/dict/$target.dict")
  echo "fuzzing $target" >&2
  mismatch=1
  # SentencePiece is bound to the standard library's operator new, and finds the sanitizer's operator delete.
  [[ $target == sentencepiece ]] && mismatch=0
  UBSAN_OPTIONS=print_stacktrace=1 \
    ASAN_OPTIONS="malloc_context_size=4:quarantine_size_mb=16:alloc_dealloc_mismatch=$mismatch" \
    "$work/build/tests/fuzz/fuzz_$target" "$new" "$here/corpus/$target" -artifact_prefix="$found/" \
    -max_total_time="$seconds" -runs="${PRUNENET_FUZZ_RUNS:--1}" -max_len="$longest" -timeout=10 -rss_limit_mb=2048 \
    -malloc_limit_mb=256 -print_final_stats=1 "${dictionary[@]}" > "$log" 2>&1 || true
  count="$(find "$found" -type f | wc -l)"
  findings=$((findings + count))
  # shellcheck disable=SC2059
  printf "$row" "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
    "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" "$(value_of cov "$log")" "$(value_of ft "$log")" \
    "$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")" "$count" >> "$summary"
done
cat "$summary"
[[ $findings -eq 0 ]]
