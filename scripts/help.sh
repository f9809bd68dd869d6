# ./dev help
# shellcheck shell=bash

run_help() {
  cat <<'TEXT'
./dev COMMAND: everything one does with this tree. Programs end up in build/bin/.

  help                 this page
  setup [all]          installs what is missing, with apt-get (as root, or through sudo -n): compiler, libraries,
                       python3, node. Does nothing when nothing is missing. A newer node that is already
                       there is used. `all` adds what lint and fuzz need.
                         ./dev setup
  build [PRESET [TARGET...]]
                       setup, then compile all, or the targets. PRESET: dev (default, build/), release,
                       asan, tsan, fuzz (build/PRESET/).
                         ./dev build            ./dev build asan            ./dev build dev larder
  demo [--keep] [--port N]
                       setup, build what it needs, then a word count over the machine's own texts, in functions in three
                       languages that share files. As root. --keep leaves the platform up until Ctrl-C.
                         ./dev demo             ./dev demo --keep
  test [PRESET|all] [-R REGEX] [-L LABEL]
                       setup, build and all tests; the last line is `N passed, N failed`. PRESET: dev
                       (default), release, asan, tsan. `all`: dev, asan, tsan, then lint and fuzz.
                         ./dev test             ./dev test asan -R ContainerPool      ./dev test -L unit
  fuzz [SECONDS] [TARGET...]
                       builds the libFuzzer targets and runs each for SECONDS (default 60).
                         ./dev fuzz             ./dev fuzz 600 fuzz_json
  bench [NAME...]      release build, then every benchmark; prints what was reached beside what must be.
                         ./dev bench            ./dev bench bench_pool     ./dev bench volumes
  lint [FILE...]       clang-format, clang-tidy, shellcheck, yamllint and ansible-lint over our files; changes nothing.
                         ./dev lint             ./dev lint base/src/json.cc
  doctor               what this machine can do, a line each, and what to do about what it cannot.
                         ./dev doctor
  clean                removes build/ and tests/clients/node_modules/.
                         ./dev clean
TEXT
}
