#!/usr/bin/env bash
# Refines a policy and learns its budget, and measures what each leaves.
#
#   bash experiments/refine/run.sh MODEL POLICY OUT TEXT...
#
# MODEL is a directory that a GGUF file can be exported from, POLICY as of `prunenet refine`; OUT is a directory for policies, models and
# records; perplexity is that of the first 8 windows of 1024 tokens of each TEXT. RATIOS (default "0.2 0.3 0.5"), SCORES and BUDGET
# (recipes; default those of policies/) and THREADS come from the environment. What is there already is not made again, and what
# was interrupted goes on.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prunenet=${PRUNENET:-$here/../../build/apps/prunenet/prunenet}
policies=$here/../../policies
model=$1 policy=$2 out=$3
shift 3
texts=("$@")
threads=(--threads "${THREADS:-2}")
mkdir -p "$out"

refine() { # RECIPE START NAME
  [[ -e $out/$3.safetensors ]] || "$prunenet" refine --model "$model" --policy "$2" --recipe "$1" --out "$out/$3.safetensors" --resume "${threads[@]}"
}
refine "${SCORES:-$policies/smollm2-refined.yaml}" "$policy" refined
refine "${BUDGET:-$policies/smollm2-budget.yaml}" "$out/refined.safetensors" budget
[[ -e $out/model.gguf ]] || "$prunenet" export --model "$model" --gguf "$out/model.gguf" --quiet

measure() { # NAME FILE: perplexities of a pruned model, one line
  [[ -e $out/$1.json ]] || "$prunenet" eval --model "$out/$2" --text "${texts[@]}" --context 1024 --windows 8 --json "$out/$1.json" \
    --quiet "${threads[@]}"
  python3 - "$1" "$out/$1.json" <<'PY'
import json, sys
print(f"{sys.argv[1]:16}", *(f"{text['ppl']:8.2f}" for text in json.load(open(sys.argv[2]))["perplexity"]))
PY
}
cut() { # RATIO INPUT POLICY OUTPUT OPTION...
  [[ -e $out/$4 ]] || "$prunenet" apply --model "$2" --policy "$3" --ratio "$1" --out "$out/$4" --quiet "${threads[@]}" "${@:5}"
}

printf '%-16s' perplexity
printf ' %8.8s' "${texts[@]##*/}"
printf '\n'
for ratio in ${RATIOS:-0.2 0.3 0.5}; do
  cut "$ratio" "$model" "$policy" "$ratio-start"
  cut "$ratio" "$model" "$out/refined.safetensors" "$ratio-refined"
  cut "$ratio" "$out/model.gguf" "$out/budget.safetensors" "$ratio-budget.gguf" --budget global
  measure "$ratio-start" "$ratio-start"
  measure "$ratio-refined" "$ratio-refined"
  measure "$ratio-budget" "$ratio-budget.gguf"
done
