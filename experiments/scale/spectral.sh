#!/usr/bin/env bash
# What rewards of a 7B-shaped layer cost and how far they are from the exact ones: the figures of SPECTRAL.md.
#
#   bash experiments/scale/spectral.sh                    # a layer made up, d = 4096, I = 11008: 5 GB
#   bash experiments/scale/spectral.sh MODEL_DIR LAYER... # layers of a model on text that it samples itself
#
# BUILD (build) was configured with -DPRUNENET_BUILD_BENCH=ON; PYTHON (python3) has torch, and transformers for a model.
# THREADS (2) is for the BLAS; WORK (a folder beside this script) takes the responses of a model.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${BUILD:-$here/../../build}
python=${PYTHON:-python3}
threads=${THREADS:-2}
export OPENBLAS_NUM_THREADS=$threads OMP_NUM_THREADS=$threads
if [[ $# -eq 0 ]]; then
  "$build/tests/bench/scale_spectral" 4096 11008 4096
  "$build/tests/bench/scale_spectra" 4096 11008 4096
  "$python" "$here/svdvals.py" 11008 4096 --threads "$threads"
  exit
fi
if [[ $# -eq 1 ]]; then
  sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 2
fi
model=$1
shift
work=${WORK:-$here/work/responses}
"$python" "$here/responses.py" "$model" "$work" "$@"
for layer in "$@"; do
  echo "layer $layer"
  "$build/tests/bench/scale_spectral" "$work/layer-$layer.safetensors"
done
