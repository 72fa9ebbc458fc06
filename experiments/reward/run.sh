#!/usr/bin/env bash
# Which reward, and which estimator of its gradient, gives the better policy a second of training? Trains one policy a
# row for about the same number of seconds (the steps in ROWS were chosen for that; the table prints what they took),
# with the same small probe and seed, prunes at 30 % and measures on a text that no training saw.
#
#   bash experiments/reward/run.sh MODEL_DIR ROWS TEXT
#
#   bash experiments/reward/run.sh tests/data/trained/large experiments/reward/tiny.rows tests/data/texts/heldout.txt
#   bash experiments/reward/run.sh experiments/quickstart/work/smollm2 experiments/reward/smollm2.rows tests/data/texts/alice.txt
#
# THREADS and WORK in the environment choose threads and folder. Policies that are there already are not trained again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
prunenet=${PRUNENET:-$root/build/apps/prunenet/prunenet}
if [[ $# -ne 3 ]]; then
  sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 2
fi
model=$1 rows=$2 text=$3
work=${WORK:-$here/work/$(basename "$rows" .rows)}
common=(--quiet --threads "${THREADS:-$(nproc)}")
mkdir -p "$work"

names=()
while read -r name operator distortion estimator steps layers; do
  [[ -n $name && $name != \#* ]] || continue
  names+=("$name")
  cat >"$work/$name.yaml" <<YAML
probe: {tokens: 4096, held_out_tokens: 1024, sequence_length: 128}
reward: {operator: $operator, distortion: $distortion}
train: {estimator: $estimator, steps: $steps, layers_per_step: $layers, validate_every: $steps, seed: 0}
YAML
  if [[ ! -e $work/$name.safetensors ]]; then
    "$prunenet" train "${common[@]}" --model "$model" --recipe "$work/$name.yaml" --out "$work/$name.safetensors"
  fi
  "$prunenet" apply "${common[@]}" --force --model "$model" --policy "$work/$name.safetensors" --ratio 0.3 \
    --round-to none --out "$work/$name" >/dev/null
  "$prunenet" eval "${common[@]}" --model "$work/$name" --text "$text" --context 1024 --windows 8 \
    --json "$work/$name.eval.json" >/dev/null
  "$prunenet" inspect "$work/$name.safetensors" --json "$work/$name.policy.json" >/dev/null
  rm -r "${work:?}/$name"
done <"$rows"
python3 "$here/table.py" "$work" "${names[@]}"
