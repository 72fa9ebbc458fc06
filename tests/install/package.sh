#!/usr/bin/env bash
# Packages: what they say of themselves, what is in them, what Debian's lintian says of them, and that the program runs
# from what they unpack.
# Usage: package.sh CPACK BUILD WORK VERSION LIBDIR MODEL
set -euo pipefail
cpack=$1 build=$2 work=$3 version=$4 libdir=usr/$5 model=$6
rm -rf "$work"
mkdir -p "$work"
cd "$work"
"$cpack" -G DEB --config "$build/CPackConfig.cmake" -B "$work"

library="libprunenet${version%.*}"
architecture="$(dpkg --print-architecture)"
declare -A file
packages=(prunenet "$library" libprunenet-dev)
python_too="$(sed -n 's/^set(CPACK_COMPONENTS_ALL ".*;python.*/yes/p' "$build/CPackConfig.cmake")" # where it was built
[[ -z $python_too ]] || packages+=(python3-prunenet)
for package in "${packages[@]}"; do
  file[$package]="$work/${package}_$version-1_$architecture.deb"
  [[ "$(dpkg-deb --field "${file[$package]}" Package Version)" == $'Package: '"$package"$'\nVersion: '"$version-1" ]]
  dpkg-deb --extract "${file[$package]}" root
done

depends() { # PACKAGE DEPENDENCY...
  local list
  list=", $(dpkg-deb --field "${file[$1]}" Depends),"
  local dependency
  for dependency in "${@:2}"; do
    [[ $list == *", $dependency"[\ ,]* ]] || { echo "$1 does not depend on $dependency: $list" >&2; exit 1; }
  done
}
depends prunenet "$library (= $version-1)" libc6 libfmt9 libtorch1.13 libyaml-cpp0.7
depends "$library" libc6 libpcre2-8-0 libsentencepiece0 libtorch1.13
depends libprunenet-dev "$library (= $version-1)" libtorch-dev nlohmann-json3-dev

[[ "$(dpkg-deb --info "${file[$library]}" shlibs)" == "libprunenet ${version%.*} $library (>= $version)" ]]

holds() { # PACKAGE PATH...
  local list
  list="$(dpkg-deb --contents "${file[$1]}")"
  local path
  for path in "${@:2}" "usr/share/doc/$1/"{copyright,changelog.Debian.gz} "usr/share/lintian/overrides/$1"; do
    grep --quiet --extended-regexp " \./$path( -> .*)?$" <<< "$list" || { echo "$1 has no $path" >&2; exit 1; }
  done
}
holds prunenet usr/bin/prunenet usr/share/man/man1/prunenet-apply.1.gz usr/share/bash-completion/completions/prunenet \
  usr/share/zsh/vendor-completions/_prunenet usr/share/prunenet/policies/families.yaml \
  usr/share/doc/prunenet/{changelog.gz,docs/cli.md,policies/README.md}
holds "$library" "$libdir/libprunenet.so.${version%.*}" "$libdir/prunenet/libprunenet_sentencepiece.so"
holds libprunenet-dev "$libdir"/{libprunenet.so,libprunenet.a,pkgconfig/prunenet.pc} \
  "$libdir/cmake/prunenet/prunenetConfig.cmake" usr/include/prunenet/prune/prune.h

# Where another prefix than /usr was configured, files to link with lie in /usr/lib: docs/library.md says how to have
# them where Debian wants them.
elsewhere=()
[[ $libdir != usr/lib ]] || elsewhere=(--suppress-tags pkg-config-unavailable-for-cross-compilation)
lintian --allow-root --fail-on error,warning "${elsewhere[@]}" "${file[@]}"

if [[ -n $python_too ]]; then
  depends python3-prunenet python3 python3-numpy libtorch1.13
  module=usr/lib/python3/dist-packages/prunenet
  holds python3-prunenet $module/__init__.py $module/__init__.pyi "$module/_native\.cpython-.*\.so" $module/libprunenet_sentencepiece.so
  [[ "$(PYTHONPATH=root/${module%/*} /usr/bin/python3 -c 'import prunenet; print(prunenet.__version__)')" == "$version" ]]
fi

[[ "$(root/usr/bin/prunenet --version)" == "prunenet $version" ]]
root/usr/bin/prunenet apply --model "$model" --policy llama --ratio 0.3 --out "$work/pruned" --quiet --threads 1
root/usr/bin/prunenet verify "$work/pruned" --against "$model" --policy llama --quiet --threads 1
