#!/usr/bin/env bash
# The installed tree works where it was moved to: the program finds the policy of a family, and its own plugin.
# Usage: moved.sh PREFIX WORK MODEL [BUILD]
set -euo pipefail
prefix=$1 work=$2 model=$3 build=${4-}
rm -rf "$work"
mkdir -p "$work"
cp -r "$prefix" "$work/elsewhere"
program="$work/elsewhere/bin/prunenet"
unset PRUNENET_POLICY_PATH
for policy in llama smollm2-refined; do
  said="$("$program" apply --model "$model" --policy "$policy" --ratio 0.3 --dry-run --quiet --threads 1)"
  grep --fixed-strings "$work/elsewhere/share/prunenet/policies/smollm2-refined.safetensors" <<< "$said"
done
# Nothing that is installed names the folder it was built in; debug information does.
if [[ -n $build ]]; then
  ! grep --recursive --fixed-strings --files-with-matches "$build/" "$prefix" || { echo "these name $build" >&2; exit 1; }
fi
