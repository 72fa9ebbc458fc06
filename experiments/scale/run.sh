#!/usr/bin/env bash
# What a checkpoint larger than memory costs: apply beside cp of the same files, inspect, and features of some layers.
#
#   bash experiments/scale/run.sh [--shape llama-2-7b|llama-3-8b|llama-2-70b] [--layers N] [--feature-layers N] WORK_DIR
#
# WORK_DIR must have room for twice the model (27 GB for llama-2-7b). The page cache is emptied before each measurement,
# which needs root. Features are measured on a checkpoint of a few layers (2, or --feature-layers N), and scale with them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
prunenet=${PRUNENET:-$root/build/apps/prunenet/prunenet}
policy=${POLICY:-$root/policies/smollm2.safetensors}

shape=llama-2-7b feature_layers=2 layers=()
while [[ ${1:-} == --* ]]; do
  case $1 in
    --shape) shape=$2 ;;
    --layers) layers=(--layers "$2") ;;
    --feature-layers) feature_layers=$2 ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
  esac
  shift 2
done
if [[ $# -ne 1 ]]; then
  sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 2
fi
work=$1
model=$work/$shape
measure() { python3 "$here/measure.py" --cold "$@"; }

mkdir -p "$work"
[[ -f $model/config.json ]] || python3 "$here/synthesize.py" "$shape" "$model" "${layers[@]}"
python3 "$here/plan.py" "$model" 0.3 "$work/plan.json"

rm -rf "$work/copy" "$work/pruned"
measure --label "apply --from-plan" -- \
  "$prunenet" apply --quiet --model "$model" --from-plan "$work/plan.json" --out "$work/pruned"
rm -rf "$work/pruned"
measure --label cp -- cp -r "$model" "$work/copy"
rm -rf "$work/copy"
measure --label inspect -- "$prunenet" inspect "$model"

few=$work/$shape-$feature_layers-layers
[[ -f $few/config.json ]] || python3 "$here/synthesize.py" "$shape" "$few" --layers "$feature_layers"
measure --label "features of $feature_layers layers (apply --dry-run)" -- \
  "$prunenet" apply --quiet --dry-run --model "$few" --policy "$policy" --ratio 0.3 --out "$work/none"
