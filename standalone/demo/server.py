"""The platform as a child process of the demo: started on a scratch folder, stopped, and looked for afterwards."""

import ctypes
import os
import signal
import socket
import subprocess
import time

CGROUPS = "/sys/fs/cgroup"


def free_port(wanted):
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise OSError("no free port")


LIBC = ctypes.CDLL(None)


def _in_child():
    LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a demo that is killed takes the platform along
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _processes():
    """{pid: (parent, start time)}; the start time tells a process from a later one of the same number."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="latin-1") as file:
                    fields = file.read().rpartition(")")[2].split()
                found[int(name)] = (int(fields[1]), fields[19])
            except OSError:
                pass
    return found


def _groups_of(pid):
    """The control groups of a process, below the mounts; the root group is everybody's and does not count."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            return {line.rstrip("\n").split(":", 2)[2] for line in file} - {"/"}
    except OSError:
        return set()


def _cgroups():
    return {where for where, _, _ in os.walk(CGROUPS)}


class Server:
    def __init__(self, binary, port, folder):
        self.port = port
        self._folder = folder
        self._data = os.path.join(folder, "data")
        self.log = os.path.join(folder, "platform.log")
        self._cgroups_before = _cgroups()
        self._family = {}
        self._groups = set()
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                [binary, "standalone", "--port", str(port), "--data-dir", self._data], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, preexec_fn=_in_child)

    def wait_ready(self, is_ready, seconds=20):
        until = time.monotonic() + seconds
        while not is_ready():
            if self._process.poll() is not None:
                raise RuntimeError(f"the platform ended with {self._process.returncode}:\n{self.log_end()}")
            if time.monotonic() > until:
                raise RuntimeError(f"the platform did not answer within {seconds} s:\n{self.log_end()}")
            time.sleep(0.005)

    def alive(self):
        return self._process.poll() is None

    def log_end(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-20:])

    def watch(self):
        """Remembers all that descends from the platform now, for the search afterwards."""
        processes = _processes()
        pids, grown = {self._process.pid}, True
        while grown:
            more = {pid for pid, (parent, _) in processes.items() if parent in pids} - pids
            pids |= more
            grown = bool(more)
        for pid in pids & processes.keys():
            self._family[pid] = processes[pid][1]
            self._groups |= _groups_of(pid)

    def stop(self, seconds=15):
        """Asks the platform to end. What is left of it afterwards, as sentences: none when all is well."""
        self.watch()
        if self.alive():
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                return [f"the platform did not end within {seconds} s and was killed"] + self._left()
        return self._left()

    def _left(self):
        until = time.monotonic() + 2  # the kernel takes a moment to bury a process
        while (left := self._left_now()) and time.monotonic() < until:
            time.sleep(0.02)
        return left

    def _left_now(self):
        now = _processes()
        left = [f"process {pid}" for pid, start in self._family.items() if pid in now and now[pid][1] == start]
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            left += ["mount " + line.split()[4] for line in file if self._folder in line]
        left += ["cgroup " + path for path in _cgroups() - self._cgroups_before if path.endswith(tuple(self._groups))]
        for loop in os.listdir("/sys/block"):
            try:
                with open(f"/sys/block/{loop}/loop/backing_file", encoding="utf-8") as file:
                    if file.read().startswith(self._folder):
                        left.append("loop device " + loop)
            except OSError:
                pass
        return left
