#!/usr/bin/env bash
# Packages on a system that has nothing: a Debian root of its own, made by debootstrap, where apt installs them with what
# they depend on and no more, and a new user works with them. For maintainers, before a release: it needs root, a
# network, debootstrap and some gigabytes, so that the test command does not run it.
# Usage: clean_root.sh FOLDER-OF-DEBS WORK [MODEL]
#   MODEL   a GGUF file or model directory to prune; without one, the small model of the tests
#   MIRROR  (environment) of Debian; default: http://deb.debian.org/debian
set -euo pipefail
source="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
debs="$(cd "$1" && pwd)" work=$2 model="${3:-$source/tests/data/trained/small}"
mirror="${MIRROR:-http://deb.debian.org/debian}"
release="$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" # packages are for the release that they were built on
[[ "$(id -u)" == 0 ]] || { echo "clean_root: debootstrap and chroot want root" >&2; exit 1; }
[[ ! -e $work/root ]] || { echo "clean_root: $work/root is there already; name another folder" >&2; exit 1; }
mkdir -p "$work"
root="$(cd "$work" && pwd)/root"

mounted=()
unmount() {
  local place
  for place in "${mounted[@]}"; do umount --recursive "$place"; done
}
trap unmount EXIT

step() { printf '\n== %s\n' "$1" >&2; }
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_user() { in_root su --login somebody --shell /bin/bash --command "set -euo pipefail; $1"; }
install() { in_root apt-get install --yes --quiet --no-install-recommends "$@"; }

step "a clean $release"
debootstrap --variant=minbase "$release" "$root" "$mirror" > "$work/debootstrap.log"
for place in proc dev; do
  mount --rbind "/$place" "$root/$place"
  mount --make-rslave "$root/$place"
  mounted=("$root/$place" "${mounted[@]}")
done
in_root apt-get update --quiet
in_root useradd --create-home somebody

step "the command"
mkdir "$root/debs"
cp "$debs"/*.deb "$root/debs"
in_root bash -c 'apt-get install --yes --quiet --no-install-recommends /debs/prunenet_*.deb /debs/libprunenet[0-9]*.deb'
cp -r "$model" "$root/home/somebody/$(basename "$model")"
in_root chown -R somebody: /home/somebody
as_user "
  prunenet --version
  prunenet --help > help.txt
  prunenet import '$(basename "$model")' --out dense
  prunenet apply --model dense --policy smollm2-refined --ratio 0.3 --out pruned
  prunenet verify pruned --against dense --policy smollm2-refined
  prunenet generate --model pruned --prompt 'Once upon a time' --tokens 8 --temperature 0
  prunenet export --model pruned --gguf pruned.gguf
  prunenet inspect pruned.gguf
"

step "its manual and completion"
install man-db bash-completion
as_user "
  man prunenet-apply | grep --quiet -e --ratio
  source /usr/share/bash-completion/bash_completion
  _completion_loader prunenet || [[ \$? == 124 ]] # loaded: try again
  COMP_WORDS=(prunenet ap) COMP_CWORD=1
  _prunenet
  [[ \${COMPREPLY[*]} == apply ]]
"

step "programs of others"
in_root bash -c 'apt-get install --yes --quiet --no-install-recommends /debs/libprunenet-dev_*.deb'
install cmake g++ make
cp -r "$source/tests/install/consumer" "$root/home/somebody/consumer"
in_root chown -R somebody: /home/somebody
as_user "
  cmake -S consumer -B built -DCMAKE_BUILD_TYPE=Release
  cmake --build built
  ctest --test-dir built --output-on-failure --no-tests=error
  c++ -std=c++20 consumer/plan.cpp \$(pkg-config --cflags --libs prunenet) -o plan
  [[ \$(./plan) == \$(pkg-config --modversion prunenet) ]]
"

step "and away again"
in_root apt-get purge --yes --quiet prunenet 'libprunenet*'
left="$(in_root find /usr /etc /var/lib -path /var/lib/dpkg -prune -o -path /var/lib/apt -prune -o -name '*prunenet*' -print)"
[[ -z $left ]] || { printf 'clean_root: what stays behind:\n%s\n' "$left" >&2; exit 1; }
echo "clean_root: everything holds" >&2
