# ./dev doctor: what this machine can do. OK: fine; WARN: something works less well; FAIL: something will not work.
# shellcheck shell=bash

worst=0
ok() { printf '  OK    %-14s %s\n' "$1" "$2"; }
weak() {
  printf '  WARN  %-14s %s\n' "$1" "$2"
  if ((worst < 1)); then worst=1; fi
}
fail() {
  printf '  FAIL  %-14s %s\n' "$1" "$2"
  worst=2
}

check_root() {
  if [[ $EUID -eq 0 ]]; then ok root "you are root"; else fail root "sandboxes need root: run as root"; fi
}

check_system() {
  local kernel
  kernel=$(uname -r)
  if [[ $(printf '%s\n5.15\n' "${kernel%%-*}" | sort -V | head -n 1) == 5.15 ]]; then
    ok kernel "$kernel"
  else
    fail kernel "$kernel is too old to show volumes to sandboxes under their own ids: 5.15 or newer"
  fi
  ok processors "$(nproc), memory $(awk '/^MemTotal/ {printf "%.1f GB", $2 / 1048576}' /proc/meminfo)"
}

check_cgroups() {
  local found="" controller
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    found=" $(</sys/fs/cgroup/cgroup.controllers) freezer "
    for controller in memory cpu pids; do
      [[ $found == *" $controller "* ]] || fail cgroups "v2 without the controller $controller: boot with it enabled"
    done
    ok cgroups "v2:$found"
  else
    for controller in memory cpu pids freezer; do
      if grep -qE "^cgroup [^ ]+ cgroup [^ ]*\b$controller\b" /proc/mounts; then
        found+=" $controller"
      else
        fail cgroups "the v1 hierarchy $controller is not mounted: mount -t cgroup -o $controller cgroup DIR"
      fi
    done
    if [[ -n $found ]]; then ok cgroups "v1:$found"; fi
  fi
  if [[ ! -w /sys/fs/cgroup ]] || ! grep -q '^[^ ]* /sys/fs/cgroup' /proc/mounts; then
    fail cgroups "/sys/fs/cgroup cannot be written: not in an unprivileged container"
  fi
}

check_namespaces() {
  if unshare --user --map-root-user --mount --pid --ipc --uts --net --fork true 2>/dev/null; then
    ok namespaces "user, mount, pid, ipc, uts and net can be made"
  else
    fail namespaces "they cannot be made: look at sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone"
  fi
}

check_volumes() {
  if grep -qw btrfs /proc/filesystems || { have modprobe && modprobe -n btrfs 2>/dev/null; }; then
    if [[ -e /dev/loop-control ]]; then
      ok quotas "btrfs and loop devices: the quota of a volume is kept by the file system"
    else
      weak quotas "no /dev/loop-control: no volumes in images"
    fi
  else
    weak quotas "no btrfs in this kernel: no volumes in images"
  fi
  if [[ ! -e /dev/fuse ]]; then
    weak fuse "no /dev/fuse: volumes without transactions, in images"
  elif [[ $(printf '%s\n6.15\n' "$(uname -r | cut -d- -f1)" | sort -V | head -n 1) == 6.15 ]]; then
    ok fuse "/dev/fuse, and a kernel that shows its mounts to sandboxes"
  else
    weak fuse "the kernel is older than 6.15: volumes without transactions, in images"
  fi
}

check_runtimes() {
  if [[ -x /usr/bin/python3 ]]; then
    ok python:3 "$(/usr/bin/python3 --version)"
  else
    fail python:3 "no /usr/bin/python3: ./dev setup"
  fi
  local node
  node=$(find /usr/bin/node /usr/local/bin/node -maxdepth 0 2>/dev/null | head -n 1 || true)
  if [[ -n $node ]]; then
    ok nodejs "$("$node" --version), at $node"
  else
    fail nodejs "no node in /usr/bin or /usr/local/bin: ./dev setup"
  fi
}

check_port() {
  if (exec 3<>/dev/tcp/127.0.0.1/3233) 2>/dev/null; then
    weak port "3233 is taken by another program: larder standalone --port N"
  else
    ok port "3233 is free"
  fi
}

run_doctor() {
  step "doctor"
  check_root
  check_system
  check_cgroups
  check_namespaces
  check_volumes
  check_runtimes
  check_port
  if [[ -x build/bin/larder ]]; then
    step "larder doctor"
    build/bin/larder doctor || worst=2
  fi
  ((worst < 2))
}
