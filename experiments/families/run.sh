#!/usr/bin/env bash
# Does every family's pruned checkpoint load in stock transformers, and is it the same model there? Makes a small random
# model of every family with transformers, prunes it with the shipped policy, and compares perplexity and greedy text.
#
#   bash experiments/families/run.sh [NAME...]
#
# Installs torch and transformers from PyPI (several GB) into a virtual environment at $PRUNENET_VENV, by default
# experiments/families/work/venv. Exit status 1 where anything differs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=${PRUNENET_VENV:-$here/work/venv}

mkdir -p "$here/work"
if [[ ! -x $venv/bin/python ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet torch transformers safetensors
fi
exec "$venv/bin/python" "$here/check.py" --prunenet "${PRUNENET:-$root/build/apps/prunenet/prunenet}" \
  --work "$here/work" "$@"
