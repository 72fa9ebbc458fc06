#!/usr/bin/env bash
# What training a policy on layers of a 7B shape (d = 4096, I = 11008) takes, by a run on two layers of random weights:
# few tokens, few steps. Random weights have no structure to learn; the seconds of each part are what this is for.
#
#   bash experiments/scale/training.sh [LAYERS [STEPS]]
#
# PRUNENET (build/apps/prunenet/prunenet), THREADS (all) and WORK (a folder beside this script) in the environment choose
# program, threads and folder. Two layers take 2.8 GB of float32 weights, and 0.5 GB a layer while responses are read.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prunenet=${PRUNENET:-$here/../../build/apps/prunenet/prunenet}
layers=${1:-2} steps=${2:-20}
work=${WORK:-$here/work/training}
mkdir -p "$work"
[[ -e $work/model/config.json ]] || python3 "$here/synthesize.py" llama-2-7b "$work/model" --layers "$layers"
cat >"$work/recipe.yaml" <<YAML
probe: {tokens: 4096, held_out_tokens: 256, sequence_length: 64}
train: {steps: $steps, layers_per_step: $layers, validate_every: 10, seed: 0}
YAML
time "$prunenet" train --threads "${THREADS:-$(nproc)}" --model "$work/model" --recipe "$work/recipe.yaml" \
  --out "$work/policy.safetensors"
"$prunenet" inspect "$work/policy.safetensors"
