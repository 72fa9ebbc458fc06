#!/usr/bin/env bash
# What healing gives at each ratio, beside the same plan without it.
#
#   bash experiments/heal/run.sh MODEL POLICY OUT TEXT...
#
# MODEL and POLICY as of `prunenet apply`; OUT is a directory for plans, models and records; perplexity is that of the first
# 8 windows of 1024 tokens of each TEXT. RATIOS (default "0.2 0.3 0.5"), TOKENS (default: as the policy's recipe has them)
# and THREADS come from the environment. What is there already is not made again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prunenet=${PRUNENET:-$here/../../build/apps/prunenet/prunenet}
model=$1 policy=$2 out=$3
shift 3
threads=(--threads "${THREADS:-1}" --quiet)
name=${TOKENS:-recipe}
mkdir -p "$out"
[[ -e $out/probe-$name.safetensors ]] || "$prunenet" probe --model "$model" --recipe "${policy%.safetensors}.yaml" \
  ${TOKENS:+--tokens "$TOKENS"} --out "$out/probe-$name.safetensors" "${threads[@]}"

measure() { # NAME: perplexities of a pruned model, one line
  [[ -e $out/$1.json ]] || "$prunenet" eval --model "$out/$1" --text "${texts[@]}" --context 1024 --windows 8 \
    --json "$out/$1.json" "${threads[@]}"
  python3 - "$1" "$out/$1.json" <<'PY'
import json, sys
print(f"{sys.argv[1]:24}", *(f"{text['ppl']:8.2f}" for text in json.load(open(sys.argv[2]))["perplexity"]))
PY
}

texts=("$@")
printf '%-24s' perplexity
printf ' %8.8s' "${texts[@]##*/}"
printf '\n'
for ratio in ${RATIOS:-0.2 0.3 0.5}; do
  apply=("$prunenet" apply --model "$model" --policy "$policy" --ratio "$ratio" "${threads[@]}")
  heal=(--heal --probe "$out/probe-$name.safetensors")
  [[ -d $out/$ratio-cut ]] || "${apply[@]}" --out "$out/$ratio-cut"
  [[ -d $out/$ratio-one-shot-$name ]] || "${apply[@]}" "${heal[@]}" --heal-form one-shot --out "$out/$ratio-one-shot-$name"
  [[ -d $out/$ratio-sequential-$name ]] || "${apply[@]}" "${heal[@]}" --out "$out/$ratio-sequential-$name"
  measure "$ratio-cut"
  measure "$ratio-one-shot-$name"
  measure "$ratio-sequential-$name"
done
