# What every command of ./dev shares: words to the person, and questions to the machine.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }
step() { printf '\n==> %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The folder in which a preset builds; CMakePresets.json says the same.
build_folder() {
  if [[ $1 == dev ]]; then echo build; else echo "build/$1"; fi
}

known_preset() {
  case $1 in dev | release | asan | tsan | fuzz) return 0 ;; *) return 1 ;; esac
}

# The commands build on each other: brings in one of the other files of this folder, once.
need() {
  # shellcheck source=/dev/null
  declare -F "run_$1" >/dev/null || source "scripts/$1.sh"
}

# Our own files of the given name patterns, one a line, whether committed yet or not.
own_files() {
  if have git && git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while IFS= read -r file; do
      if [[ -f $file ]]; then printf '%s\n' "$file"; fi
    done
  else
    local pattern
    for pattern in "$@"; do
      find . \( -path ./build -o -path '*/node_modules' -o -path ./.git \) -prune -o -type f -name "$pattern" -printf '%P\n'
    done | sort -u
  fi
}
