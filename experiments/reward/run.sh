#!/usr/bin/env bash
# Which reward, and which estimator of its gradient, gives the better policy a second of training? Trains one policy a
# row for about the same number of seconds (the steps below were chosen for that; the table prints what they took), on
# the same small probe and seed, prunes at 30 % and measures on a text that no training saw.
#
#   bash experiments/reward/run.sh MODEL_DIR [TEXT]
#
# TEXT defaults to the shipped Alice; THREADS and WORK in the environment choose threads and folder. Rows whose policy
# is there already are not trained again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
prunenet=${PRUNENET:-$root/build/apps/prunenet/prunenet}
if [[ $# -lt 1 ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 2
fi
model=$1
text=${2:-$root/tests/data/texts/alice.txt}
work=${WORK:-$here/work}
threads=${THREADS:-$(nproc)}
mkdir -p "$work"

# name            operator  distortion  estimator    steps  layers a step
rows="
none              response  schatten2   conditional  1      1
schatten2         response  schatten2   conditional  200    10
schatten2-rloo    response  schatten2   rloo         260    10
mirsky            response  mirsky      rloo         8      4
nuclear           response  nuclear     rloo         8      4
ks                response  ks          rloo         8      4
ks-gate           gate      ks          rloo         16     4
"

while read -r name operator distortion estimator steps layers; do
  [[ -n $name ]] || continue
  cat >"$work/$name.yaml" <<YAML
probe: {tokens: 4096, held_out_tokens: 1024, sequence_length: 128}
reward: {operator: $operator, distortion: $distortion}
train: {estimator: $estimator, steps: $steps, layers_per_step: $layers, validate_every: $steps, seed: 0}
YAML
  if [[ ! -e $work/$name.safetensors ]]; then
    "$prunenet" train --quiet --threads "$threads" --model "$model" --recipe "$work/$name.yaml" --out "$work/$name.safetensors"
  fi
  "$prunenet" apply --quiet --threads "$threads" --force --model "$model" --policy "$work/$name.safetensors" --ratio 0.3 \
    --out "$work/$name" >/dev/null
  "$prunenet" eval --quiet --threads "$threads" --model "$work/$name" --text "$text" --context 1024 --windows 8 \
    --json "$work/$name.eval.json" >/dev/null
  "$prunenet" inspect "$work/$name.safetensors" --json "$work/$name.policy.json" >/dev/null
  rm -r "${work:?}/$name"
done <<<"$rows"
mapfile -t names < <(awk 'NF { print $1 }' <<<"$rows")
python3 "$here/table.py" "$work" "${names[@]}"
