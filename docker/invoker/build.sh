#!/usr/bin/env bash
# Builds the image from programs that are compiled already: docker/invoker/build.sh TAG [BASE]
#
# Variables: DOCKER (the client, default docker), DOCKER_HOST (the daemon), LARDER_PROGRAMS (a folder, default build/bin). BASE
# must be of this machine's Debian release, or a newer one. To compile inside Docker instead: see Dockerfile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly kTag=${1:?the tag of the image} kBase=${2:-}
readonly kDocker=${DOCKER:-docker} kPrograms=${LARDER_PROGRAMS:-build/bin}
[[ -x $kPrograms/larder-invoker ]] || { echo "there is no $kPrograms/larder-invoker; build it first" >&2 && exit 1; }

# The context is what the two Dockerfiles copy, and nothing else of the tree.
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
docker/invoker/collect.sh "$kPrograms" "$context/programs"
install -D -t "$context/docker/invoker" docker/invoker/init.sh docker/invoker/healthcheck.sh
build() { "$kDocker" build -q -t "$1" -f "docker/invoker/$2" "${@:3}" "$context"; }
build "$kTag-frame" Dockerfile --target frame ${kBase:+--build-arg "BASE=$kBase"} >/dev/null
build "$kTag" prebuilt.Dockerfile --build-arg "FRAME=$kTag-frame"
"$kDocker" rmi --no-prune "$kTag-frame" >/dev/null
