# ./dev fuzz: every libFuzzer target for a time. What a target learns stays in build/fuzz/corpus/.
# shellcheck shell=bash

# Runs one target; what it found wrong is in its log and in build/fuzz/crashes/.
fuzz_one() {
  local program=$1 seconds=$2 name corpus seeds
  name=${program##*/fuzz_}
  corpus=build/fuzz/corpus/$name
  seeds=tests/fuzz/corpus/$name
  mkdir -p "$corpus" build/fuzz/crashes
  local folders=("$corpus")
  [[ -d $seeds ]] && folders+=("$seeds")
  "$program" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/crashes/$name-" "${folders[@]}" >"build/fuzz/$name.log" 2>&1 </dev/null
}

report_fuzz() {
  local name=$1 rc=$2 runs
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log")
  if [[ $rc -eq 0 && ${runs:-0} -gt 0 ]]; then
    printf '  OK    %-24s %12s runs\n' "$name" "$runs"
    return 0
  fi
  printf '  FAIL  %-24s the end of build/fuzz/%s.log:\n' "$name" "$name"
  tail -n 30 "build/fuzz/$name.log"
  return 1
}

run_fuzz() {
  local seconds=60
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then seconds=$1 && shift; fi
  need build
  run_build fuzz
  local programs=() target
  for target in "$@"; do programs+=("build/fuzz/bin/$target"); done
  if [[ $# -eq 0 ]]; then mapfile -t programs < <(find build/fuzz/bin -type f -name 'fuzz_*' -perm -u+x | sort); fi
  [[ ${#programs[@]} -gt 0 ]] || die "no fuzz target was built"
  local width failures=0 i j
  width=$(nproc)
  step "fuzz: ${#programs[@]} targets, $seconds s each, $width at a time"
  for ((i = 0; i < ${#programs[@]}; i += width)); do
    local pids=()
    for ((j = i; j < i + width && j < ${#programs[@]}; j++)); do
      fuzz_one "${programs[j]}" "$seconds" &
      pids+=($!)
    done
    for ((j = 0; j < ${#pids[@]}; j++)); do
      local rc=0
      wait "${pids[j]}" || rc=$?
      report_fuzz "${programs[i + j]##*/fuzz_}" "$rc" || failures=$((failures + 1))
    done
  done
  say "fuzz: $((${#programs[@]} - failures)) of ${#programs[@]} targets found nothing"
  ((failures == 0))
}
