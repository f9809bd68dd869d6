#!/usr/bin/env bash
# Puts what the image needs of a build into a folder: docker/invoker/collect.sh BUILD/bin FOLDER
#
#   bin/     larder-invoker and its helpers, larder-storaged, larder (for `larder volume`), stripped
#   lib/     the shared libraries that they need, as they are on this machine; libc and its family are the image's own
#   share/   the certificates of public authorities, as Debian has them; none that were added to this machine
set -euo pipefail
shopt -s inherit_errexit
readonly kFrom=${1:?where the programs are} kFolder=${2:?where they go}
readonly kAuthorities=/usr/share/ca-certificates/mozilla

mkdir -p "$kFolder/bin" "$kFolder/lib" "$kFolder/share"
for program in larder-invoker larder-sandbox larder-proxy larder-stem.so larder-storaged larder; do
  install -m 755 "$kFrom/$program" "$kFolder/bin/"
  strip "$kFolder/bin/$program"
done

# The paths of the libraries of one program; none for one that is linked statically.
libraries_of() {
  if ! readelf -d "$1" | grep -qF '(NEEDED)'; then return; fi
  ldd "$1" | awk -v program="$1" '/not found/ { print program " needs " $1 > "/dev/stderr"; exit 1 } $3 ~ /^\// { print $3 }'
}

# Of the C library, all parts must be of one version: those of the image.
readonly kOfLibc='/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|nsl|util|anl))\.so\.[0-9]+$'
found=$(for program in "$kFolder"/bin/*; do libraries_of "$program"; done)
{ grep -vE "$kOfLibc" <<<"$found" || true; } | sort -u | while IFS= read -r library; do
  install -m 644 "$(readlink -f "$library")" "$kFolder/lib/$(basename "$library")"
done

if ! ls "$kAuthorities"/*.crt >/dev/null 2>&1; then echo "there is no $kAuthorities: install ca-certificates" >&2 && exit 1; fi
# Each ends with its line.
awk 1 "$kAuthorities"/*.crt >"$kFolder/share/ca-certificates.crt"
