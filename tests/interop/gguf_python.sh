#!/usr/bin/env bash
# gguf_python.sh BUILD PRUNENET ROOT: has the gguf package read what the command writes. 77: the package cannot be had.
set -euo pipefail
build=$1 prunenet=$2 root=$3
venv=$build/venv

if ! "$venv/bin/python" -c "import gguf" 2> /dev/null; then
  if ! python3 -m venv "$venv" || ! "$venv/bin/pip" install --quiet --disable-pip-version-check gguf==0.19.0; then
    echo "skipped: PyPI's gguf cannot be installed here"
    exit 77
  fi
fi
exec "$venv/bin/python" "$root/tests/interop/gguf_python.py" "$prunenet" "$root"
