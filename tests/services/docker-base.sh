#!/usr/bin/env bash
# Makes .cache/docker-base.tar: the file system of the images that the tests build from, a small Debian with python3 and this
# machine's node. Made once (half a minute, needs Debian's mirror); kept until ./dev clean or a change of this file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly kTar=.cache/docker-base.tar
readonly kMirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

if [[ $kTar -nt ${BASH_SOURCE[0]} ]]; then exit 0; fi
if [[ $EUID -ne 0 ]]; then echo "the base image is made by root" >&2 && exit 1; fi
if ! command -v debootstrap >/dev/null; then echo "there is no debootstrap" >&2 && exit 1; fi

mkdir -p .cache
exec 9>.cache/docker-base.lock
flock 9
if [[ $kTar -nt ${BASH_SOURCE[0]} ]]; then exit 0; fi

root=$(mktemp -d "${TMPDIR:-/tmp}/larder-base-XXXXXX")
trap 'rm -rf "$root"' EXIT
node=$(readlink -f "$(command -v node || true)")
packages=python3,libstdc++6
if [[ -n $node ]] && dpkg -S "$node" >/dev/null 2>&1; then packages+=,nodejs; fi
if ! debootstrap --variant=minbase --include="$packages" bookworm "$root" "$kMirror" >"$root.log" 2>&1; then
  tail -n 3 "$root.log" >&2
  rm -f "$root.log"
  exit 1
fi
rm -rf "$root.log" "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*

# A node that is not Debian's own is one file. One that does not run there is left out.
if [[ -n $node && $packages != *nodejs ]]; then
  install -m 755 "$node" "$root/usr/bin/node"
  chroot "$root" /usr/bin/node --version >/dev/null 2>&1 || rm -f "$root/usr/bin/node"
fi
tar -C "$root" -cf "$kTar.new" .
mv "$kTar.new" "$kTar"
