#!/usr/bin/python3
"""larder-invoker between a real broker and a real database, driven by the controller simulator.

Broker, invoker and simulator share two processors where activations a second are counted; the database has the others, where
there are any. Latency is measured at half of that rate with all processors for everybody. What is promised is from a record that can
be read to the acknowledgement in the producer, so what broker and simulator take under that load is left out: the time of a small
message to the broker and back, which the simulator sends a hundred times a second meanwhile. One such time is taken from each call when
it is sent, and one when its acknowledgement comes. Where that comes out at less than nothing, the measurement was at fault, and nothing
counts as reached.

Rate and latency are measured twice: without activation records (the caller's identity wants none) and with a record of each call in the
database, of which every fiftieth is read back. Logs are collected in both, all calls are blocking; each run prints what was on. The time
from the death of a container to its acknowledgement is from the kill to the moment at which the simulator has taken it from the broker.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

TREE = "@PROJECT_SOURCE_DIR@"
PROGRAMS = "@CMAKE_RUNTIME_OUTPUT_DIRECTORY@"
PORT = 0
WARM_UP = 20_000  # until the broker's virtual machine has compiled what it runs
ATTACHED = {"attachmentName": "codefile", "attachmentType": "text/plain"}


def result(what, reached, must, held):
    print(f"RESULT|{what}|{reached}|{must}|{'yes' if held else 'no'}", flush=True)


def less_own_part(phase, percentile):
    """What is promised of the invoker's own part: the words for it, and whether it holds."""
    bound = {"p50": 1, "p99": 5}[percentile]
    reached = phase["warmOwnMs"][percentile]
    if phase["fault"] or reached is None or reached < 0:
        return phase["fault"] or "not measured", f"{bound} ms", False
    return f"{reached:.2f} ms", f"{bound} ms", reached <= bound


def words_of(conditions):
    records = "with records in the database" if conditions["recordsStored"] else "without records"
    return f"{records}, logs up to {conditions['logsMb']} MB, {conditions['blockingPercent']}% blocking"


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
    """A process and all below it, whichever of its threads has started them."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                found += [one for child in children.read().split() for one in tree_of(int(child))]
    except OSError:
        pass  # it, or one of its threads, has ended
    return found


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
        compiled = {**os.environ, "KAFKA_COMPILER": "both"}  # as an operator's broker is
        subprocess.run([*self.command, action, self.folder], check=True, stdout=subprocess.DEVNULL, preexec_fn=pin, env=compiled)

    def stop(self):
        try:
            self.run("stop")
        except subprocess.CalledProcessError as failure:
            print(f"left running: {failure}")

    def said(self, file):
        try:
            with open(f"{self.folder}/{file}") as text:
                return text.read().strip()
        except FileNotFoundError:
            return ""


class Invoker:
    """A running invoker; `memory` is what it promises to controllers."""

    def __init__(self, kafka, couchdb, folder, cpus, memory, settings=None):
        host, port = couchdb.address.split(":")
        user, password = couchdb.said("credentials").split(":")
        databases = "CONFIG_whisk_couchdb_databases_"
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
        kinds = {"python": "python:3", "nodejs": f"nodejs:{node[1:].split('.')[0]}"}
        runtimes = {family: [{"kind": kind, "default": True, "attached": ATTACHED,
                              "image": {"prefix": "larder", "name": family, "tag": "latest"}}]
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
            "METRICS_LOG": "false",  # as OpenWhisk's Ansible has it unless it is told otherwise
            "CONFIG_larder_containers": "sandbox", "CONFIG_larder_dataFolder": f"{folder}/data", **(settings or {}),
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

    def simulate(self, *options, records=False):
        stored = (["--records-every", "50", "--grace", "120s"] if records
                  else ["--limits", '{"storeActivations":false}', "--no-records"])
        run = subprocess.run([f"{PROGRAMS}/larder-controller-sim", "--kafka", self.kafka, "--db", self.database, *stored,
                              "--quiet", "--json", "-", *map(str, options)], capture_output=True, text=True,
                             preexec_fn=lambda: os.sched_setaffinity(0, self.cpus))
        if run.returncode != 0:
            sys.exit(f"the simulator ended with {run.returncode}:\n{run.stdout}{run.stderr}")
        report = json.loads(run.stdout)
        print(f"measured {words_of(report['conditions'])}", flush=True)
        return report

    def busy(self):
        """How many containers run an activation."""
        metrics = urllib.request.urlopen(f"{self.url}/metrics").read().decode()
        return sum(float(line.split()[-1]) for line in metrics.splitlines()
                   if line.startswith('larder_containers{state="busy"}'))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()


def measure_idle(invoker):
    result("drop-in: start to /ping", f"{invoker.start_ms:.0f} ms", "300 ms", invoker.start_ms <= 300)
    time.sleep(3)
    memory = invoker.memory_mb()
    result("drop-in: idle memory of the process tree", f"{memory:.0f} MB", "60 MB", memory <= 60)


def measure_load(invoker, records):
    load = ["--action", "noop", "--kind", "nodejs:default", "--memory", "128 MB"]
    how = "with records" if records else "without records"
    ours = invoker.cpus
    report = invoker.simulate(*load, "--requests", 20000, "--outstanding", 48, "--warm-up", WARM_UP, records=records)
    rate = report["phases"][0]["perSecond"]
    result(f"drop-in: no-op activations a second, {how}", f"{rate:.0f}", "2000", rate >= 2000)
    pin([*tree_of(invoker.process.pid), invoker.broker], invoker.every)
    invoker.cpus = invoker.every
    report = invoker.simulate(*load, "--rate", rate / 2, "--requests", 0, "--duration", "10s", "--warm-up", 500, records=records)
    phase, idle = report["phases"][0], report["brokerRoundTripMs"]
    broker, overhead = phase["brokerRoundTripMs"], phase["warmOverheadMs"]
    print(f"at half load: first acknowledgement less /run {overhead['p50']:.2f} / {overhead['p99']:.2f} ms; the broker there and "
          f"back {broker['p50']:.2f} / {broker['p99']:.2f} ms, and before any load {idle['p50']:.2f} / {idle['p99']:.2f} ms")
    for percentile in ("p50", "p99"):
        result(f"drop-in: warm overhead at half load, {percentile}, no broker, {how}", *less_own_part(phase, percentile))
    pin([*tree_of(invoker.process.pid), invoker.broker], ours)
    invoker.cpus = ours


def measure_deaths(invoker, what, victims):
    """`victims` gives the pids of the runtimes in containers, all of which are killed while one of them runs an activation."""
    rounds, times = 10, []
    load = ["--memory", "128 MB", "--kind", "python:3", "--grace", "1s", "--no-records", "--json", "-", "--tolerate", "result-wrong"]
    for _ in range(rounds):
        run = subprocess.Popen([f"{PROGRAMS}/larder-controller-sim", "--kafka", invoker.kafka, "--db", invoker.database, "--quiet",
                                "--action", "sleep:20000", "--requests", "1", *load], stdout=subprocess.PIPE, text=True)
        answer = []
        reader = threading.Thread(target=lambda: answer.append(run.communicate()[0]))
        reader.start()
        # The health test's own container is there first; the activation is the one that lasts.
        busy_since = None
        while busy_since is None or time.monotonic() - busy_since < 1:
            if run.poll() is not None:
                sys.exit(f"the simulator ended before the container was killed:\n{answer}")
            busy_since = (busy_since or time.monotonic()) if invoker.busy() == 1 else None
            time.sleep(0.02)
        doomed = victims()
        killed = time.time() * 1000
        for pid in doomed:
            os.kill(pid, signal.SIGKILL)
        reader.join()
        phase = json.loads(answer[0])["phases"][0]
        times.append(phase["begunAtMs"] + phase["firstAckMs"]["p50"] - killed)
        if times[-1] < 0 or not doomed:
            sys.exit(f"an acknowledgement {times[-1]:.1f} ms after the death of {len(doomed)} processes: the measurement is at fault")
    times.sort()
    for name, reached in (("p50", times[rounds // 2]), ("most of 10", times[-1])):
        result(f"drop-in: death of a {what} -> acknowledgement taken from the broker, {name}", f"{reached:.1f} ms", "20 ms", reached <= 20)


def runtimes_of(invoker):
    """The first processes of its sandboxes."""
    def name_of(pid):
        with open(f"/proc/{pid}/comm") as comm:
            return comm.read().strip()
    return [pid for pid in tree_of(invoker.process.pid) if name_of(pid) == "proxy"]


class Docker:
    """A daemon with the images of the runtimes."""

    def __init__(self, folder, cpus):
        self.service = Service("docker", folder, cpus)
        self.environment = {**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"], "DOCKER_BUILDKIT": "0",
                            "DOCKER_HOST": f"unix://{self.service.address}", "LARDER_PROXY": f"{PROGRAMS}/larder-proxy"}
        for family in ("python", "nodejs"):
            self.say(f"{TREE}/docker/runtimes/build.sh", family, f"larder/{family}", "larder-base")
        self.settings = {"CONFIG_larder_containers": "docker", "CONFIG_larder_docker_socket": self.service.address,
                         "CONFIG_larder_docker_folder": f"{self.service.folder}/data/root/containers"}

    def say(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout

    def runtimes(self):
        names = self.say("docker", "ps", "-q", "--filter", "status=running").split()
        return [int(pid) for pid in self.say("docker", "inspect", "-f", "{{.State.Pid}}", *names).split()] if names else []


def measure_many(invoker, fit, least):
    report = invoker.simulate("--action", "noop", "--kind", "python:3", "--compare", "--copies", 100, "--fit", fit,
                              "--requests", 4000, "--outstanding", 8, "--warm-up", 400)
    one, many = (phase["perSecond"] for phase in report["phases"])
    print(f"100 actions, room for {fit * 100:.0f}: {many:.0f} a second, one action {one:.0f}")
    result(f"drop-in: 100 actions / 1, room for {fit * 100:.0f}", f"{many / one:.2f}", f"{least}", many / one >= least)


def measure(services, folder, cpus, memory, measures, settings=None):
    invoker = Invoker(*services, folder, cpus, memory, settings)
    try:
        for each in measures:
            each(invoker)
    finally:
        invoker.stop()


def measure_in_docker(services, folder, cpus):
    try:
        docker = Docker(folder, cpus)
    except SystemExit as reason:
        print(f"not measured with Docker: {reason}")
        return
    try:
        measure(services, folder, cpus, "2048m", [lambda i: measure_deaths(i, "Docker container", docker.runtimes)], docker.settings)
    finally:
        docker.service.stop()


def main():
    ours, database = processors()
    folder = tempfile.mkdtemp(prefix="larder-bench-")
    services = []
    try:
        services.append(Service("kafka", folder, ours))
        services.append(Service("couchdb", folder, database))
        measure(services, folder, ours, "2048m", [measure_idle, lambda i: measure_load(i, False), lambda i: measure_load(i, True)])
        measure(services, folder, ours, "2048m", [lambda i: measure_deaths(i, "sandbox", lambda: runtimes_of(i))])
        measure_in_docker(services, folder, ours)
        measure(services, folder, ours, "12800m", [lambda i: measure_many(i, 1, 0.5), lambda i: measure_many(i, 0.5, 0.1)])
    finally:
        for service in services:
            service.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
