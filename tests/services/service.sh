# What the scripts of this folder share. Each is called `tests/services/NAME start|stop|status|crash|resume [FOLDER]`.
#
# FOLDER (default build/services/NAME) holds what a service says of itself while it runs:
#   address   where it listens; there when, and only when, it answers
#   reason    why it does not run on this machine: tests that need it are skipped with these words
#   pids      one a line, of the processes to stop; each leads a session of its own
#   log       what it prints
#   data      a link to its temporary directory
#   port      where it listened before a crash, and will again
# shellcheck shell=bash
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
kName=$(basename "$0")
readonly kName
readonly kAction=${1:-help}
readonly kFolder=${2:-build/services/$kName}
readonly kReadySeconds=60
readonly kStopSeconds=20

say() { printf '%s: %s\n' "$kName" "$*"; }
fail() {
  say "$*" >&2
  [[ ! -s $kFolder/log ]] || tail -n 20 "$kFolder/log" >&2
  exit 1
}

# Ends the start with the reason why this machine cannot run the service.
unavailable() {
  printf '%s\n' "$*" >"$kFolder/reason"
  say "not on this machine: $*"
  exit 0
}

free_port() {
  /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The port of this service: the same one for as long as its data lasts.
kept_port() {
  [[ -s $kFolder/port ]] || free_port >"$kFolder/port"
  cat "$kFolder/port"
}

# launch COMMAND...: in a session of its own, its output in the log. Its pid is $launched.
launch() {
  setsid "$@" >>"$kFolder/log" 2>&1 </dev/null &
  launched=$!
  echo "$launched" >>"$kFolder/pids"
}

# await COMMAND...: until it succeeds; fails when the process launched last ends before.
await() {
  local end=$((SECONDS + kReadySeconds))
  until "$@" >/dev/null 2>&1; do
    kill -0 "$launched" 2>/dev/null || fail "ended before it was ready; its log says:"
    ((SECONDS < end)) || fail "was not ready after $kReadySeconds s; its log says:"
    sleep 0.1
  done
}

# To be called when it answers: from now on tests find it.
ready() {
  printf '%s\n' "$1" >"$kFolder/address.new"
  mv "$kFolder/address.new" "$kFolder/address"
  say "listens at $1"
}

running() {
  local pid
  [[ -s $kFolder/address && -s $kFolder/pids ]] || return 1
  while read -r pid; do kill -0 "$pid" 2>/dev/null || return 1; done <"$kFolder/pids"
}

# Stops one process and its session; what does not listen is killed.
stop_pid() {
  local end=$((SECONDS + kStopSeconds))
  kill -TERM "$1" 2>/dev/null || true
  while kill -0 "$1" 2>/dev/null && ((SECONDS < end)); do sleep 0.05; done
  pkill -KILL -s "$1" 2>/dev/null || true
}

stop_service() {
  local pid
  rm -f "$kFolder/address" "$kFolder/reason"
  if [[ -s $kFolder/pids ]]; then
    while read -r pid; do stop_pid "$pid"; done < <(tac "$kFolder/pids")
  fi
  if declare -F clean_up >/dev/null; then clean_up; fi
  if [[ -L $kFolder/data ]]; then rm -rf "$(readlink -f "$kFolder/data")"; fi
  rm -f "$kFolder/data" "$kFolder/pids" "$kFolder/port"
}

# Kills it without a word, and keeps port and data: for services that have a resume_service.
crash_service() {
  local pid
  rm -f "$kFolder/address"
  while read -r pid; do
    pkill -KILL -s "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
  done <"$kFolder/pids"
  : >"$kFolder/pids"
}

# run_service: does what was asked for. The script defines start_service, which ends in ready or unavailable and finds its
# temporary directory in $data; it may define clean_up, for what the end of the processes leaves, and resume_service, which
# starts it again on that directory after a crash.
run_service() {
  case $kAction in
    start)
      mkdir -p "$kFolder"
      stop_service
      : >"$kFolder/log"
      data=$(mktemp -d "${TMPDIR:-/tmp}/larder-$kName-XXXXXX")
      ln -sfn "$data" "$kFolder/data"
      start_service
      ;;
    stop) stop_service ;;
    status)
      if running; then say "listens at $(<"$kFolder/address")"; else say "does not run"; return 1; fi
      ;;
    crash | resume)
      declare -F resume_service >/dev/null || fail "cannot be resumed"
      if [[ $kAction == resume ]]; then resume_service; else crash_service; fi
      ;;
    *)
      echo "usage: tests/services/$kName start|stop|status|crash|resume [FOLDER]"
      [[ $kAction == help ]]
      ;;
  esac
}
