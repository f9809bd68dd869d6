#!/usr/bin/env bash
# Builds the image from programs that are compiled already: docker/invoker/build.sh TAG [BASE]
#
# Variables: DOCKER (the client, default docker), DOCKER_HOST (the daemon), LARDER_PROGRAMS (a folder, default build/bin). BASE
# must be of this machine's Debian release, or a newer one. To compile inside Docker instead: see Dockerfile, which is the same.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly kTag=${1:?the tag of the image} kBase=${2:-debian:bookworm-slim}
readonly kDocker=${DOCKER:-docker} kPrograms=${LARDER_PROGRAMS:-build/bin}
for program in larder-invoker larder-storaged larder; do
  [[ -x $kPrograms/$program ]] || { echo "there is no $kPrograms/$program; build it first" >&2 && exit 1; }
done

# The context is what the Dockerfile uses, and nothing else of the tree.
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
docker/invoker/collect.sh "$kPrograms" "$context/programs"
install -D -t "$context/docker/invoker" docker/invoker/{init,healthcheck,programs}.sh
"$kDocker" build -q -t "$kTag" -f docker/invoker/Dockerfile --build-arg "BASE=$kBase" --build-arg "BUILD_BASE=$kBase" \
  --build-arg PROGRAMS=programs "$context"
