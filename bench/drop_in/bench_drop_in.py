#!/usr/bin/python3
"""larder-invoker between a real broker and a real database, driven by the controller simulator.

Broker, invoker and simulator share two processors where activations a second are counted; the database has the others, where
there are any. Latency is measured at half of that rate with all processors for everybody. What is promised is from a record that can
be read to the acknowledgement in the producer, so what broker and simulator take under that load is left out: the time of a small
message to the broker and back, which the simulator sends a hundred times a second meanwhile. One such time is taken from each call when
it is sent, and one when its acknowledgement comes.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

TREE = "@PROJECT_SOURCE_DIR@"
PROGRAMS = "@CMAKE_RUNTIME_OUTPUT_DIRECTORY@"
PORT = 0
ATTACHED = {"attachmentName": "codefile", "attachmentType": "text/plain"}


def result(what, reached, must, held):
    print(f"RESULT|{what}|{reached}|{must}|{'yes' if held else 'no'}", flush=True)


def processors():
    """Those of broker, invoker and simulator, and those of the database."""
    every = sorted(os.sched_getaffinity(0))
    return every[:2], every[2:] or every


def pin(pids, cpus):
    """Every thread of these processes, and what they start from now on."""
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(task), cpus)


def tree_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        below = [tree_of(int(child)) for child in children.read().split()]
    return [pid, *(one for branch in below for one in branch)]


class Service:
    def __init__(self, name, folder, cpus):
        self.command = [f"{TREE}/tests/services/{name}"]
        self.folder = f"{folder}/{name}"
        self.run("start", cpus)
        self.address = self.said("address")
        if not self.address:
            sys.exit(f"no {name}: {self.said('reason')}")

    def run(self, action, cpus=None):
        pin = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
        subprocess.run([*self.command, action, self.folder], check=True, stdout=subprocess.DEVNULL, preexec_fn=pin)

    def said(self, file):
        try:
            with open(f"{self.folder}/{file}") as text:
                return text.read().strip()
        except FileNotFoundError:
            return ""


class Invoker:
    """A running invoker; `memory` is what it promises to controllers."""

    def __init__(self, kafka, couchdb, folder, cpus, memory):
        host, port = couchdb.address.split(":")
        user, password = couchdb.said("credentials").split(":")
        databases = "CONFIG_whisk_couchdb_databases_"
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
        kinds = {"python": "python:3", "nodejs": f"nodejs:{node[1:].split('.')[0]}"}
        runtimes = {family: [{"kind": kind, "default": True, "attached": ATTACHED, "image": {"name": family}}]
                    for family, kind in kinds.items()}
        self.database = f"http://{user}:{password}@{couchdb.address}"
        self.kafka = kafka.address
        self.cpus = cpus
        self.every = sorted(os.sched_getaffinity(0))
        self.broker = int(kafka.said("pids").split()[0])
        environment = {
            "PATH": os.environ["PATH"], "PORT": str(PORT), "KAFKA_HOSTS": kafka.address,
            "WHISK_API_HOST_NAME": "127.0.0.1", "RUNTIMES_MANIFEST": json.dumps({"runtimes": runtimes}),
            "CONFIG_whisk_spi_InvokerProvider": "org.apache.openwhisk.core.invoker.InvokerReactive",
            "CONFIG_whisk_invoker_protocol": "http", "CONFIG_whisk_couchdb_protocol": "http",
            "CONFIG_whisk_couchdb_host": host, "CONFIG_whisk_couchdb_port": port,
            "CONFIG_whisk_couchdb_username": user, "CONFIG_whisk_couchdb_password": password,
            databases + "WhiskEntity": "whisk_local_whisks", databases + "WhiskActivation": "whisk_local_activations",
            databases + "WhiskAuth": "whisk_local_subjects", "CONFIG_whisk_containerPool_userMemory": memory,
            "CONFIG_larder_containers": "sandbox", "CONFIG_larder_dataFolder": f"{folder}/data",
        }
        begun = time.monotonic()
        self.process = subprocess.Popen([f"{PROGRAMS}/larder-invoker", "--id", "0", "--uniqueName", "bench"],
                                        env=environment, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        for line in self.process.stdout:
            if "answers on port" in line:
                self.url = f"http://127.0.0.1:{line.split()[-1]}"
                break
        else:
            sys.exit("the invoker did not start")
        urllib.request.urlopen(f"{self.url}/ping").read()
        self.start_ms = (time.monotonic() - begun) * 1000

    def memory_mb(self):
        """Of the whole tree of processes, shared pages by their share."""
        total = 0
        for pid in tree_of(self.process.pid):
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        return total / 1024

    def simulate(self, *options):
        run = subprocess.run([f"{PROGRAMS}/larder-controller-sim", "--kafka", self.kafka, "--db", self.database,
                              "--limits", '{"storeActivations":false}', "--no-records", "--quiet", "--json", "-",
                              *map(str, options)], capture_output=True, text=True,
                             preexec_fn=lambda: os.sched_setaffinity(0, self.cpus))
        if run.returncode != 0:
            sys.exit(f"the simulator ended with {run.returncode}:\n{run.stdout}{run.stderr}")
        return json.loads(run.stdout)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()


def measure_idle(invoker):
    result("drop-in: start to /ping", f"{invoker.start_ms:.0f} ms", "300 ms", invoker.start_ms <= 300)
    time.sleep(3)
    memory = invoker.memory_mb()
    result("drop-in: idle memory of the process tree", f"{memory:.0f} MB", "60 MB", memory <= 60)


def measure_load(invoker):
    load = ["--action", "noop", "--kind", "nodejs:default", "--memory", "128 MB"]
    report = invoker.simulate(*load, "--requests", 20000, "--outstanding", 48, "--warm-up", 500)
    rate = report["phases"][0]["perSecond"]
    result("drop-in: no-op activations a second", f"{rate:.0f}", "2000", rate >= 2000)
    pin([*tree_of(invoker.process.pid), invoker.broker], invoker.every)
    invoker.cpus = invoker.every
    report = invoker.simulate(*load, "--rate", rate / 2, "--requests", 0, "--duration", "10s", "--warm-up", 500)
    phase, idle = report["phases"][0], report["brokerRoundTripMs"]
    broker, overhead, own = phase["brokerRoundTripMs"], phase["warmOverheadMs"], phase["warmOwnMs"]
    print(f"at half load: first acknowledgement less /run {overhead['p50']:.2f} / {overhead['p99']:.2f} ms; the broker there and "
          f"back {broker['p50']:.2f} / {broker['p99']:.2f} ms, and before any load {idle['p50']:.2f} / {idle['p99']:.2f} ms")
    ours = [max(own[p], 0) for p in ("p50", "p99")]
    result("drop-in: warm overhead at half load, p50, without the broker", f"{ours[0]:.2f} ms", "1 ms", ours[0] <= 1)
    result("drop-in: the same, p99", f"{ours[1]:.2f} ms", "5 ms", ours[1] <= 5)


def measure_many(invoker, fit, least):
    report = invoker.simulate("--action", "noop", "--kind", "python:3", "--compare", "--copies", 100, "--fit", fit,
                              "--requests", 4000, "--outstanding", 8, "--warm-up", 400)
    one, many = (phase["perSecond"] for phase in report["phases"])
    print(f"100 actions, room for {fit * 100:.0f}: {many:.0f} a second, one action {one:.0f}")
    result(f"drop-in: 100 actions / 1, room for {fit * 100:.0f}", f"{many / one:.2f}", f"{least}", many / one >= least)


def main():
    ours, database = processors()
    folder = tempfile.mkdtemp(prefix="larder-bench-")
    services = []
    try:
        services.append(Service("kafka", folder, ours))
        services.append(Service("couchdb", folder, database))
        for memory, measure in (("2048m", lambda i: (measure_idle(i), measure_load(i))),
                                ("12800m", lambda i: (measure_many(i, 1, 0.5), measure_many(i, 0.5, 0.1)))):
            invoker = Invoker(*services, folder, ours, memory)
            try:
                measure(invoker)
            finally:
                invoker.stop()
    finally:
        for service in services:
            service.run("stop")
        shutil.rmtree(folder, ignore_errors=True)


main()
