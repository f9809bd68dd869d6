#!/usr/bin/env bash
# Puts what the image needs of a build into a folder: docker/invoker/collect.sh BUILD/bin FOLDER
#
#   bin/   larder-invoker and its helpers, stripped
#   lib/   the shared libraries that it needs, as they are on this machine; libc and its family are the image's own
set -euo pipefail
readonly kFrom=${1:?where the programs are} kFolder=${2:?where they go}

mkdir -p "$kFolder/bin" "$kFolder/lib"
for program in larder-invoker larder-sandbox larder-proxy larder-stem.so; do
  install -m 755 "$kFrom/$program" "$kFolder/bin/"
  strip "$kFolder/bin/$program"
done

# Of the C library, all parts must be of one version: those of the image.
readonly kOfLibc='/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|nsl|util|anl))\.so\.[0-9]+$'
ldd "$kFolder/bin/larder-invoker" | awk '/not found/ { print "no " $1 > "/dev/stderr"; exit 1 } $3 ~ /^\// { print $3 }' |
  { grep -vE "$kOfLibc" || true; } | while IFS= read -r library; do
    install -m 644 "$(readlink -f "$library")" "$kFolder/lib/$(basename "$library")"
  done
