#!/bin/bash
# posix.sh ATTEMPTS_DAEMON POSIX_SUITE [--no-passthrough]: the POSIX suite in an attempt. 77: it cannot be run here.
set -eu
daemon=$1 suite=$2
shift 2
if [[ $(id -u) != 0 || ! -w /dev/fuse ]]; then
  echo "only root can mount FUSE here"
  exit 77
fi
directory=$(mktemp -d)
chmod 755 "$directory"
mkdir "$directory/data" "$directory/at"
"$daemon" keep "$directory/data" --at "$directory/at" "$@" &
keeper=$!
cleanup() {
  umount -l "$directory/at" || true
  kill "$keeper" 2>/dev/null || true
  wait "$keeper" 2>/dev/null || true
  rm -rf "$directory"
}
trap cleanup EXIT
for ((i = 0; i < 300; i++)); do
  [[ -d $directory/at/a1/directory ]] && break
  read -rt 0.1 <> <(:) || true
done
known=()
# A descriptor that was open before goes on writing in the kernel, which tells nobody.
if [[ $* != *--no-passthrough* ]]; then
  known=(--known "set-id bits: are cleared by a write through a descriptor that was open before they were set")
fi
"$suite" "$directory/at/a1" "${known[@]}"
