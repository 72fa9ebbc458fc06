# shellcheck shell=bash
# Steps that are done once. Sourced by run.sh, which sets $work.
# shellcheck disable=SC2154

heading() { printf '\n=== %s\n' "$*"; }

fail() { # CODE MESSAGE
  echo "quickstart: error: $2" >&2
  exit "$1"
}

# step NAME KEY OUTPUT -- COMMAND...
# Runs the command unless OUTPUT is there and was made by this step with the same KEY and COMMAND; keeps its seconds.
step() {
  local name=$1 output=$3 key
  shift 4
  key=$(printf '%s\n' "$2" "$@" | sha256sum | cut -c1-64)
  heading "$name"
  if [[ -e $output && -f $work/stamps/$name && $(cat "$work/stamps/$name") == "$key" ]]; then
    echo "already there: $output"
    return
  fi
  rm -f "$work/stamps/$name"
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
