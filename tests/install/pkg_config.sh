#!/usr/bin/env bash
# Builds a program with nothing but what pkg-config says, with the shared library and with the static one.
# Usage: pkg_config.sh LIBDIR WORK VERSION "COMPILER FLAGS..."
set -euo pipefail
libdir=$1 work=$2 version=$3
read -ra compile <<< "$4"
source="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/consumer/plan.cpp"
export PKG_CONFIG_PATH="$libdir/pkgconfig"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

read -ra cflags < <(pkg-config --cflags prunenet)
read -ra shared < <(pkg-config --libs prunenet)
read -ra static < <(pkg-config --static --libs prunenet)
"${compile[@]}" -std=c++20 -Wall -Wextra -Werror "${cflags[@]}" -c "$source" -o plan.o

"${compile[@]}" plan.o "${shared[@]}" -o shared
readelf --dynamic shared | grep --quiet 'NEEDED.*libprunenet\.so\.'
"${compile[@]}" plan.o "${static[@]/#-lprunenet/-l:libprunenet.a}" -o static
if readelf --dynamic static | grep 'libprunenet\.so'; then exit 1; fi

for program in shared static; do
  said="$(LD_LIBRARY_PATH="$libdir" "./$program")"
  [[ $said == "$version" ]] || { echo "$program: says version '$said', not $version" >&2; exit 1; }
done
[[ "$(pkg-config --modversion prunenet)" == "$version" ]]
