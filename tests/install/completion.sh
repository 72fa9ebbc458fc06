#!/usr/bin/env bash
# Completion as a shell asks for it: words that are typed so far in, words offered out.
# Usage: completion.sh ZSH SHARE_DIRECTORY
set -euo pipefail
zsh=$1 share=$2
bash_file="$share/bash-completion/completions/prunenet"
bash -n "$bash_file"
"$zsh" -n "$share/zsh/site-functions/_prunenet"

# shellcheck source=/dev/null
source "$bash_file"
[[ "$(complete -p prunenet)" == "complete -F _prunenet prunenet" ]]

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir 'model one'
touch 'mine.safetensors' a.txt b.txt

offered() { # WORD...: completing the last one
  COMP_WORDS=(prunenet "$@") COMP_CWORD=$#
  _prunenet
  printf '%s\n' "${COMPREPLY[@]}" | sort
}
failures=0
expect() { # WANTED WORD...: wanted ones by newlines
  local got
  got="$(offered "${@:2}")"
  [[ $got == "$1" ]] || { printf 'prunenet %s\n  offers: %s\n  wanted: %s\n' "${*:2}" "$got" "$1" >&2; failures=1; }
}
expect_among() { # WANTED WORD...
  offered "${@:2}" | grep --quiet --line-regexp --fixed-strings -- "$1" || {
    printf 'prunenet %s\n  offers no %s\n' "${*:2}" "$1" >&2
    failures=1
  }
}

expect apply ap
expect $'recover\nrefine\nreport' re
expect --version --v
expect --budget apply --bud
expect --model apply --force --mod
expect global apply --budget gl
expect global apply --budget = gl
expect $'global\nuniform' apply --budget =
expect '' apply --ratio ''
expect llama apply --policy ll
expect mine.safetensors apply --policy mi
expect_among smollm2-refined refine --policy ''
expect_among 'model one' inspect ''
expect 'model one' inspect --quick mo
expect 'model one' import mod
expect b.txt eval --text a.txt b
expect '' apply --model 'model one' a
expect $'bfloat16\nfloat16\nfloat32' import a --dtype ''
expect '' nonsense a
exit "$failures"
