#!/usr/bin/env bash
# Builds the image of one runtime: docker/runtimes/build.sh python|nodejs|native TAG [BASE]
#
# Variables: DOCKER (the client, default docker), DOCKER_HOST (the daemon), LARDER_PROXY (default build/bin/larder-proxy).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly kRuntime=${1:?python, nodejs or native} kTag=${2:?the tag of the image} kBase=${3:-}
readonly kDocker=${DOCKER:-docker} kProxy=${LARDER_PROXY:-build/bin/larder-proxy}
readonly kFile=docker/runtimes/$kRuntime.Dockerfile
[[ -f $kFile ]] || { echo "there is no runtime '$kRuntime'" >&2 && exit 1; }
[[ -x $kProxy ]] || { echo "there is no $kProxy; build larder-proxy first" >&2 && exit 1; }

# The context is what the Dockerfiles copy, and nothing else of the tree.
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
install -m 755 "$kProxy" "$context/larder-proxy"
strip "$context/larder-proxy" 2>/dev/null || true
install -m 644 invoker/container/runtimes/{python.py,nodejs.js} "$context"
"$kDocker" build -q -t "$kTag" -f "$kFile" ${kBase:+--build-arg "BASE=$kBase"} "$context"
