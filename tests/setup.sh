#!/usr/bin/env bash
# Installs from Debian's packages what is missing to build and test prunenet: as root, or through sudo.
# Where everything is there already it changes nothing, asks for nothing and touches no network.
set -euo pipefail

# `setup.sh build` leaves out what only the tests and their reports need.
packages=(
  # tools
  ca-certificates ccache cmake g++ git ninja-build pkg-config python3
  # numbers; OpenBLAS, because a matrix product of the reference BLAS is 200 times slower
  libeigen3-dev libopenblas-dev libspectra-dev libtorch-dev
  # formats and text
  libpcre2-dev libsentencepiece-dev libssl-dev libutf8proc-dev libyaml-cpp-dev nlohmann-json3-dev
  # command line
  libboost-program-options-dev libfmt-dev libspdlog-dev
  # figures of reports
  gnuplot-nox
)
if [[ ${1:-all} != build ]]; then
  packages+=(
    clang-format clangd doxygen shellcheck
    libbenchmark-dev libgmock-dev libgtest-dev librapidcheck-dev
    # the Python module, and mypy for its stubs
    mypy pybind11-dev pybind11-json-dev python3-dev python3-numpy
    # packages, manual pages, and a shell whose completion is checked
    dpkg-dev file lintian mandoc zsh
    # a browser that opens reports, and the notebooks
    chromium jupyter-nbconvert python3-ipykernel python3-matplotlib
    # room for the Python package of the GGUF format
    python3-venv
    # the reference BLAS, with which plans must be the same; OpenBLAS stays what everything links to
    libblas3
  )
fi

if ! command -v dpkg-query > /dev/null; then
  echo "setup: this is no Debian system; have the equivalents of these installed: ${packages[*]}" >&2
  exit 0
fi

installed="$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "${packages[@]}" 2> /dev/null |
  sed -n 's/ installed$//p' || true)"
missing=()
for package in "${packages[@]}"; do
  grep --quiet --line-regexp --fixed-strings "$package" <<< "$installed" || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

as_root=()
if [[ "$(id -u)" -ne 0 ]]; then
  if ! command -v sudo > /dev/null; then
    echo "setup: there is no sudo; as root, run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}" >&2
"${as_root[@]}" apt-get update --quiet
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
