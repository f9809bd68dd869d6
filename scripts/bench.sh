# ./dev bench: the release build's benchmarks, and one table of what they reached.
# shellcheck shell=bash

run_bench() {
  need build
  run_build release
  local programs=() name
  for name in "$@"; do programs+=("build/release/bin/bench_${name#bench_}"); done
  if [[ $# -eq 0 ]]; then
    mapfile -t programs < <(find build/release/bin -type f -name 'bench_*' -perm -u+x | sort)
  fi
  [[ ${#programs[@]} -gt 0 ]] || die "no benchmark was built"
  local program log rc=0 failures=0
  log=build/release/bench.log
  : >"$log"
  for program in "${programs[@]}"; do
    step "bench: ${program##*/}"
    rc=0
    "$program" </dev/null | tee -a "$log" || rc=$?
    if ((rc != 0)); then
      warn "${program##*/} ended with $rc"
      failures=$((failures + 1))
    fi
  done
  # A figure is a line "RESULT|what|reached|must reach|yes or no"; bench/README.md describes it.
  step "bench: on $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
  awk -F'|' 'BEGIN { printf "  %-64s %18s %18s  %s\n", "what", "reached", "must reach", "held" }
    $1 == "RESULT" { printf "  %-64s %18s %18s  %s\n", $2, $3, $4, $5 }' "$log"
  ((failures == 0)) && ! grep -qE '^RESULT\|.*\|no$' "$log"
}
