#!/usr/bin/env bash
# The shared library exports what is declared in namespace prunenet, and nothing else: no function, no table and no
# variable of another library's templates, and nothing of unnamed namespaces.
# Usage: symbols.sh LIBRARY
set -euo pipefail
ours='^_Z(T[VTIS]|Th[0-9]+_|Tv0_n[0-9]+_|G[VR]|GVZ|Z)?N(V?K?[RO]?)8prunenet'
symbols="$(nm --dynamic --defined-only --format=posix "$1" | cut -d' ' -f1)"
strange="$(grep --extended-regexp --invert-match "$ours" <<< "$symbols" || true)"
if [[ -n $strange ]]; then
  echo "not of namespace prunenet:" >&2
  head -20 <<< "$strange" | c++filt >&2
  exit 1
fi
if grep '_GLOBAL__N_' <<< "$symbols" | c++filt; then
  echo "of an unnamed namespace" >&2
  exit 1
fi
for needed in _ZTIN8prunenet5ErrorE _ZN8prunenet7versionEv; do
  grep --quiet --line-regexp "$needed" <<< "$symbols" || { echo "$(c++filt "$needed") is missing" >&2; exit 1; }
done
echo "$(wc -l <<< "$symbols") symbols"
