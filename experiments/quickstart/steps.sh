# shellcheck shell=bash
# Steps that are done once. Sourced by run.sh, which sets $work and $prunenet.
# shellcheck disable=SC2154

heading() { printf '\n=== %s\n' "$*"; }

fail() { # CODE MESSAGE
  echo "quickstart: error: $2" >&2
  exit "$1"
}

# step NAME KEY OUTPUT -- COMMAND...
# Runs the command unless OUTPUT is there and was made by this step with the same KEY, COMMAND and build of prunenet;
# keeps its seconds.
step() {
  local name=$1 output=$3 key
  shift 4
  key=$({ printf '%s\n' "$2" "$@"; cat "$prunenet"; } | sha256sum | cut -c1-64)
  heading "$name"
  if [[ -e $output && -f $work/stamps/$name && $(cat "$work/stamps/$name") == "$key" ]]; then
    echo "already there: $output"
    return
  fi
  # An interrupted step may go on from what it left only if that was begun with the same key.
  if [[ ! -f $work/stamps/$name.began || $(cat "$work/stamps/$name.began") != "$key" ]]; then
    rm -rf "$output.train"
  fi
  rm -f "$work/stamps/$name"
  echo "$key" >"$work/stamps/$name.began"
  local start=$EPOCHREALTIME
  "$@"
  printf '%s %s\n' "$start" "$EPOCHREALTIME" | awk '{ printf "%.1f\n", $2 - $1 }' >"$work/stamps/$name.seconds"
  echo "$key" >"$work/stamps/$name"
}

save_output() { # FILE COMMAND...
  local file=$1
  shift
  "$@" >"$file.part"
  mv "$file.part" "$file"
}
