#!/usr/bin/env bash
# Does a checkpoint that prunenet wrote load in stock transformers, and is it the same model there? And which of the two
# is faster? Runs both side by side, in turn, on the same windows.
#
#   bash experiments/transformers/run.sh [--repeats N] [--context N] [--windows N] TEXT MODEL_DIR...
#
# Installs torch and transformers from PyPI (several GB) into a virtual environment at $PRUNENET_VENV, by default
# experiments/transformers/work/venv. Exit status 1 where token ids differ or perplexities differ by 0.2 % or more.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
prunenet=${PRUNENET:-$root/build/apps/prunenet/prunenet}
venv=${PRUNENET_VENV:-$here/work/venv}

repeats=1 context=1024 windows=8
while [[ ${1:-} == --* ]]; do
  case $1 in
    --repeats) repeats=$2 ;;
    --context) context=$2 ;;
    --windows) windows=$2 ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
  esac
  shift 2
done
if [[ $# -lt 2 ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 2
fi
text=$1
shift

mkdir -p "$here/work"
if [[ ! -x $venv/bin/python ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet torch transformers safetensors
fi

status=0
for model in "$@"; do
  for ((repeat = 0; repeat < repeats; ++repeat)); do
    "$prunenet" eval --quiet --model "$model" --text "$text" --context "$context" --windows "$windows" \
      --json "$here/work/ours.json" >/dev/null
    "$venv/bin/python" "$here/reference.py" --model "$model" --text "$text" --context "$context" \
      --windows "$windows" --threads "$(nproc)" >"$here/work/reference.json"
    "$venv/bin/python" "$here/compare.py" "$model" "$here/work/ours.json" "$here/work/reference.json" || status=1
  done
done
exit $status
