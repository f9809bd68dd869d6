#!/usr/bin/env bash
# The build stage of Dockerfile: fills a folder with what the image gets, as collect.sh does.
#
# Variables: PROGRAMS (a folder that collect.sh has filled already, copied as it is), JOBS (compilers at once).
set -euo pipefail
readonly kFolder=${1:?where the programs go}

if [[ -n ${PROGRAMS:-} ]]; then
  cp -r "$PROGRAMS" "$kFolder"
  exit 0
fi
./dev setup build
cmake --preset release -DLARDER_TESTS=OFF -DLARDER_BENCH=OFF
cmake --build --preset release ${JOBS:+-j "$JOBS"} --target larder-invoker larder-sandbox larder-proxy larder-stem larder-storaged larder
docker/invoker/collect.sh build/release/bin "$kFolder"
