#!/usr/bin/env bash
# Gives bench_handoff.mjs its broker, its database and the programs that it measures.
set -euo pipefail

readonly tree=@PROJECT_SOURCE_DIR@
readonly programs=@CMAKE_RUNTIME_OUTPUT_DIRECTORY@

services=$(mktemp -d)
stop() {
  for name in kafka couchdb; do "$tree/tests/services/$name" stop "$services/$name" >&2 || true; done
  rm -rf "$services"
}
trap stop EXIT
for name in kafka couchdb; do KAFKA_COMPILER=both "$tree/tests/services/$name" start "$services/$name" >&2; done

PROGRAM_UNDER_TEST=none INVOKER_UNDER_TEST=$programs/larder-invoker CONTROLLER_SIMULATOR=$programs/larder-controller-sim \
  SERVICES_FOLDER=$services SERVICE_SCRIPTS=$tree/tests/services node "$programs/bench_handoff.mjs"
