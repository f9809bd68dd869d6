# ./dev build
# shellcheck shell=bash

# run_build [PRESET [TARGET...]]: all, unless targets are named.
run_build() {
  local preset=${1:-dev} targets=()
  shift $(($# > 0 ? 1 : 0))
  if (($# > 0)); then targets=(--target "$@"); fi
  known_preset "$preset" || die "there is no preset \"$preset\"; there are dev, release, asan, tsan, fuzz"
  need setup
  if [[ $preset == fuzz ]]; then run_setup fuzz; else run_setup build; fi
  step "build: preset $preset, into $(build_folder "$preset")/"
  # The configuration is worth a line only when it fails.
  local log
  log=$(mktemp)
  if ! cmake --preset "$preset" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "cmake could not configure preset $preset"
  fi
  rm -f "$log"
  cmake --build --preset "$preset" "${targets[@]}" || die "preset $preset does not build; the lines above say why"
}
