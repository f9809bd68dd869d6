# ./dev test: the tests of one preset, or of all, counted from what ctest itself reports.
# shellcheck shell=bash

passed=0
failed=0
skipped=0

count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# Runs a preset's tests; adds to the counts.
test_preset() {
  local preset=$1 folder report counts
  shift
  folder=$(build_folder "$preset")
  report=$PWD/$folder/test-report.xml
  need setup
  need build
  run_setup test
  run_build "$preset"
  step "test: preset $preset"
  rm -f "$report"
  # The status of ctest is in its report, with more said; a report that is not there counts as a failure.
  ctest --test-dir "$folder" --output-on-failure --no-tests=error -j "$(nproc)" \
    --output-junit "$report" "$@" </dev/null || true
  counts=$(/usr/bin/python3 scripts/test_report.py "$report") || counts="0 1 0"
  # shellcheck disable=SC2086  # three numbers
  count $counts
}

# One check that is no ctest: counts as one.
test_command() {
  if "$@" </dev/null; then count 1 0 0; else count 0 1 0; fi
}

run_test() {
  local presets=(dev)
  case ${1:-} in
    dev | release | asan | tsan) presets=("$1") && shift ;;
    all) presets=(dev asan tsan) && shift && local all=yes ;;
    '' | -*) ;;
    *) die "test takes dev, release, asan, tsan or all, then options of ctest; not \"$1\"" ;;
  esac
  local preset
  for preset in "${presets[@]}"; do test_preset "$preset" "$@"; done
  if [[ ${all:-} == yes ]]; then
    test_command ./dev lint
    test_command ./dev fuzz
  fi
  local line="$passed passed, $failed failed"
  if ((skipped > 0)); then line+=", $skipped skipped"; fi
  say ""
  say "$line"
  ((failed == 0 && passed > 0))
}
