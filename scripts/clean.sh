# ./dev clean
# shellcheck shell=bash

run_clean() {
  rm -rf build tests/clients/node_modules
  say "clean: removed build/ and tests/clients/node_modules/"
}
