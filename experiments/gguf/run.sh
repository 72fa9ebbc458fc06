#!/usr/bin/env bash
# Are the GGUF files that prunenet writes the same models in llama.cpp? Makes a small random model of every family with
# transformers, exports it, prunes the file, and compares perplexity; with a model directory in $PRUNENET_MODEL (that of
# experiments/quickstart, say), the same of that model in every type of tensor.
#
#   bash experiments/gguf/run.sh [NAME...]
#
# Installs torch, transformers and llama-cpp-python from PyPI into a virtual environment at $PRUNENET_GGUF_VENV, by
# default experiments/gguf/work/venv; llama-cpp-python builds llama.cpp from source (ten minutes). Exit status 1 where
# anything differs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=${PRUNENET_GGUF_VENV:-$here/work/venv}

mkdir -p "$here/work"
if [[ ! -x $venv/bin/python ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet torch transformers safetensors llama-cpp-python==0.3.36
fi
exec "$venv/bin/python" "$here/check.py" --prunenet "${PRUNENET:-$root/build/apps/prunenet/prunenet}" \
  --work "$here/work" ${PRUNENET_MODEL:+--model "$PRUNENET_MODEL"} "$@"
