"""The demo: a word count over the texts of this machine, in functions in three languages that share files.

Run it with ./dev demo. A python function deals the texts out to an ephemeral volume, native functions count there side
by side, a node function merges what they found onto a durable volume, and another python function reads it back.
"""

import argparse
import base64
import concurrent.futures
import contextlib
import gzip
import io
import os
import shutil
import signal
import sys
import tempfile
import time
import zipfile

import table
import texts
from client import GUEST_KEY, Client, Refused
from server import Server, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
SHUFFLE = {"name": "shuffle", "path": "/mnt/shuffle", "tier": "ephemeral", "lifetime": "volume", "quota": "256 MB"}
RESULT = {"name": "result", "path": "/mnt/result", "tier": "durable"}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Ctrl-C, or a request to end. Not an Exception, so that nothing on the way takes it for one."""


def on_signal(number, _frame):
    listen_to_signals(signal.SIG_IGN)  # one is enough: a second must not interrupt the clearing up
    raise Stopped(signal.Signals(number).name)


def listen_to_signals(handler):
    for number in SIGNALS:
        signal.signal(number, handler)


@contextlib.contextmanager
def signals_held():
    """Signals wait: what is started in here is also on the list of what to stop."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def say(line=""):
    print(line, flush=True)


def source(name):
    with open(os.path.join(HERE, "functions", name), encoding="utf-8") as file:
        return file.read()


def native_zip(path):
    """The file `exec` in a zip: how OpenWhisk takes a native function."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, open(path, "rb") as file:
        entry = zipfile.ZipInfo("exec")
        entry.external_attr = 0o100755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, file.read())
    return base64.b64encode(packed.getvalue()).decode()


class WordCount:
    def __init__(self, client, packed_texts, parts, after_step):
        self._client = client
        self._after_step = after_step
        self._packed = [base64.b64encode(piece).decode() for piece in packed_texts]
        self._parts = parts
        self._threads = concurrent.futures.ThreadPoolExecutor(parts)
        self.rows = []

    def deploy(self, counter):
        deploy = self._client.deploy
        deploy("split", {"kind": "python:default", "code": source("split.py")}, {"volumes": [SHUFFLE]}, 256)
        deploy("count", {"kind": "blackbox", "image": "openwhisk/dockerskeleton", "code": native_zip(counter)},
               {"volumes": [SHUFFLE]}, 128)
        deploy("merge", {"kind": "nodejs:default", "code": source("merge.js")}, {"volumes": [SHUFFLE, RESULT]}, 256)
        deploy("show", {"kind": "python:default", "code": source("show.py")}, {"volumes": [RESULT]}, 256)

    def run(self, name):
        """One pass; returns the merger's answer and the count as it was read back."""
        self._step(name, "split", [{"run": name, "name": f"text-{i:03}", "parts": self._parts, "text": piece}
                                   for i, piece in enumerate(self._packed)])
        self._step(name, "count", [{"run": name, "part": f"part-{part}"} for part in range(self._parts)])
        merged = self._step(name, "merge", [{"run": name, "parts": self._parts}])[0]["response"]["result"]
        return merged, self._read_back(name)

    def _step(self, run, action, calls):
        started = time.monotonic()
        records = list(self._threads.map(lambda parameters: self._client.invoke(action, parameters), calls))
        self.rows.append(table.row(f"{run} {action}", records, time.monotonic() - started))
        self._after_step()
        return records

    def _read_back(self, run):
        pieces, records, offset, started = [], [], 0, time.monotonic()
        while True:
            record = self._client.invoke("show", {"run": run, "offset": offset})
            records.append(record)
            answer = record["response"]["result"]
            if answer["bytes"] == 0:
                break
            pieces.append(gzip.decompress(base64.b64decode(answer["text"])))
            offset += answer["bytes"]
        self.rows.append(table.row(f"{run} show", records, time.monotonic() - started))
        return b"".join(pieces)

    def stop(self):
        self._threads.shutdown(wait=False, cancel_futures=True)


def check(name, counted, wanted):
    if counted != wanted:
        raise Refused(f"the {name} count differs from `sort | uniq -c`: {len(counted)} bytes, not {len(wanted)}")
    say(f"  {name}: {counted.count(10)} distinct words, byte for byte what `sort | uniq -c` says")


def how_to_go_on(port, kept):
    say(f"""
The platform listens on http://127.0.0.1:{port}{'' if kept else ' while it runs: ./dev demo --keep leaves it up'}. With OpenWhisk's own command line:

  wsk property set --apihost http://127.0.0.1:{port} --auth {GUEST_KEY}
  wsk action list
  wsk action invoke merge -p run cold -p parts 4 --result
  wsk action create hello hello.py -a volumes '[{{"name":"result","path":"/mnt/result"}}]'
  wsk activation list""")


def demo(options, folder, running):
    text, files = texts.collect(options.megabytes * 1_000_000)
    with signals_held():
        reference = texts.Reference(text, folder)
        running.append(reference.stop)
    packed = list(texts.uploads(text))
    say(f"{files} texts of /usr/share/doc and /usr/share/common-licenses: {table.human(len(text))}, "
        f"in {len(packed)} uploads; {options.parts} native counters")

    port = options.port or free_port(3233)
    started = time.monotonic()
    client = Client(port)
    with signals_held():
        server = Server(os.path.join(options.bin, "larder"), port, folder)
        running.append(lambda: leave(server))
    server.wait_ready(client.ready)
    say(f"the platform answers after {(time.monotonic() - started) * 1000:.0f} ms on http://127.0.0.1:{port}")

    count = WordCount(client, packed, options.parts, server.watch)
    running.append(count.stop)
    count.deploy(os.path.join(options.bin, "demo-counter"))
    merged, cold = count.run("cold")
    _, warm = count.run("warm")
    wanted = reference.result()
    say("\nResult")
    check("cold", cold, wanted)
    check("warm", warm, wanted)
    say("  most frequent: " + ", ".join(f"{word} {times}" for word, times in merged["top"]))
    say("\nWait, init and run: of the slowest call of the step. Ephemeral, durable: bytes written to the tier.\n")
    say(table.text(count.rows))
    how_to_go_on(port, options.keep)
    if options.keep:
        say("\nCtrl-C ends it.")
        while server.alive():
            time.sleep(0.2)
        raise RuntimeError("the platform ended:\n" + server.log_end())


def leave(server):
    left = server.stop()
    if left:
        raise RuntimeError("left behind: " + "; ".join(left))
    say("\nThe platform has ended: no process, mount, cgroup or loop device is left.")


def clear_up(running, folder):
    """Last started, first stopped; what fails is said, and the rest is still done."""
    good = True
    for stop in reversed(running):
        try:
            stop()
        except (OSError, RuntimeError) as error:
            say(f"demo: {error}")
            good = False
    shutil.rmtree(folder, ignore_errors=True)
    return good and not os.path.exists(folder)


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="./dev demo", description="A word count over the texts of this machine.")
    parser.add_argument("--keep", action="store_true", help="leave the platform running until Ctrl-C")
    parser.add_argument("--port", type=int, help="default: 3233, or any if that is taken")
    parser.add_argument("--megabytes", type=int, default=24, help="how much text (default 24)")
    parser.add_argument("--parts", type=int, default=4, help="how many counters (default 4)")
    parser.add_argument("--bin", default="build/bin", help="where the programs are (default build/bin)")
    return parser.parse_args(arguments)


def main():
    options = options_of(sys.argv[1:])
    listen_to_signals(on_signal)
    folder, running, code = None, [], 1
    try:
        with signals_held():
            folder = tempfile.mkdtemp(prefix="larder-demo-")
        demo(options, folder, running)
        code = 0
    except Stopped as stopped:
        say(f"\ndemo: {stopped}, clearing up")
        code = 0 if options.keep else 130
    except (Refused, RuntimeError, OSError) as error:
        say(f"demo: {error}")
    listen_to_signals(signal.SIG_IGN)
    if folder and not clear_up(running, folder):
        code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
