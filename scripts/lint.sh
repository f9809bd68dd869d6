# ./dev lint: says what is wrong with our files; changes none.
# shellcheck shell=bash

lint_format() {
  local files=("$@")
  [[ ${#files[@]} -gt 0 ]] || return 0
  clang-format-19 --dry-run -Werror "${files[@]}"
}

# clang-tidy reads a file as the compiler does, so it looks at files that the build knows; headers come with them.
lint_tidy() {
  local known=() file
  for file in "$@"; do
    if grep -qF "\"$PWD/$file\"" build/compile_commands.json; then known+=("$file"); fi
  done
  [[ ${#known[@]} -gt 0 ]] || return 0
  # shellcheck disable=SC2016  # the inner shell expands these
  printf '%s\0' "${known[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c '
    if found=$(clang-tidy-19 -p build --quiet "$0" 2>/dev/null); then echo "    $0"; else printf "%s\n" "$found"; exit 1; fi'
}

shell_scripts() {
  local file
  own_files dev '*.sh' '.ci/*' | while IFS= read -r file; do
    if head -n 1 "$file" | grep -qE '^#!.*\b(ba)?sh\b' || [[ $file == *.sh ]]; then printf '%s\n' "$file"; fi
  done
}

# Ansible's files, by the rules of ansible/.yamllint and ansible/.ansible-lint.
lint_ansible() {
  if [[ ! -e .cache/ansible/.complete ]]; then
    warn "there is no ansible-lint: pip could not fetch it"
    return 1
  fi
  local programs=$PWD/.cache/ansible/bin
  (cd ansible && PATH=$programs:$PATH && yamllint -s . && ansible-lint -q)
}

lint_check() {
  local what=$1 amount=$2
  shift 2
  if "$@"; then
    printf '  OK    %-14s %4d files\n' "$what" "$amount"
  else
    printf '  FAIL  %-14s %4d files\n' "$what" "$amount"
    failures=$((failures + 1))
  fi
}

run_lint() {
  local failures=0 sources=() units=() scripts=() playbooks=() chosen=("$@")
  need setup
  run_setup lint
  need build
  run_build dev
  if [[ ${#chosen[@]} -gt 0 ]]; then
    mapfile -t sources < <(printf '%s\n' "${chosen[@]}" | grep -E '\.(cc|h|c)$' || true)
    mapfile -t scripts < <(printf '%s\n' "${chosen[@]}" | grep -vE '\.(cc|h|c)$|^ansible/' || true)
  else
    mapfile -t sources < <(own_files '*.cc' '*.h' '*.c')
    mapfile -t scripts < <(shell_scripts)
  fi
  mapfile -t units < <(printf '%s\n' "${sources[@]}" | grep -E '\.(cc|c)$' || true)
  step "lint"
  lint_check clang-format "${#sources[@]}" lint_format "${sources[@]}"
  lint_check clang-tidy "${#units[@]}" lint_tidy "${units[@]}"
  if [[ ${#scripts[@]} -gt 0 ]]; then
    lint_check shellcheck "${#scripts[@]}" shellcheck -x "${scripts[@]}"
  fi
  mapfile -t playbooks < <(if [[ ${#chosen[@]} -gt 0 ]]; then printf '%s\n' "${chosen[@]}"; else own_files 'ansible/*'; fi |
    grep -E '^ansible/' || true)
  if [[ ${#playbooks[@]} -gt 0 ]]; then lint_check ansible "${#playbooks[@]}" lint_ansible; fi
  say "lint: $failures of the checks have findings"
  ((failures == 0))
}
