# ./dev demo
# shellcheck shell=bash

run_demo() {
  [[ $EUID -eq 0 ]] || die "the demo makes sandboxes and needs root"
  need build
  run_build dev larder demo-counter
  step "demo"
  # In place of this shell, so that Ctrl-C reaches the driver alone and its clearing up is the last thing that happens.
  exec /usr/bin/python3 standalone/demo/run.py --bin build/bin "$@"
}
