#!/usr/bin/python
"""One container as it should be: made again only when it differs from what is wanted."""

import json
import re

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: larder_container
short_description: Keeps one Docker container as it is described
description:
  - Compares image, environment, command, volumes, ports and the rest with what Docker says of the container. Only when they
    differ is it stopped, removed and run again.
  - Works with the program C(docker) alone, so that hosts need no Python packages. DOCKER_HOST means what it means there.
  - Variables that the image itself sets count as wanted.
  - Values of variables whose names sound like secrets, and of those that carry whole configurations, are in no output and no log.
options:
  name: {type: str, required: true, description: Of the container; also its host name.}
  state:
    type: str
    choices: [present, absent, restored, tried]
    default: present
    description:
      - present, there and running; absent, not there.
      - restored, that one is back and runs which was kept under the name with C(-before); without one, the present one runs.
      - tried, the image is run once with this environment and command, and must end with 0; I(name) is not touched.
  image: {type: str, description: Must be on the host.}
  command: {type: list, elements: str, default: [], description: Empty means the image's own.}
  env: {type: dict, default: {}, description: Numbers and truth values as JSON writes them. Not logged.}
  volumes: {type: list, elements: str, default: [], description: As for docker run -v.}
  ports: {type: list, elements: str, default: [], description: "HOST:CONTAINER, numbers."}
  privileged: {type: bool, default: false, description: As for docker run.}
  security: {type: list, elements: str, default: [], description: As for docker run --security-opt.}
  userns: {type: str, default: "", description: As for docker run.}
  pid_mode: {type: str, default: "", description: As for docker run.}
  network: {type: str, default: "", description: As for docker run.}
  capabilities: {type: list, elements: str, default: [], description: As for docker run --cap-add.}
  devices: {type: list, elements: str, default: [], description: As for docker run --device; paths that are the same inside.}
  restart: {type: str, default: "no", description: As for docker run.}
  stop_seconds: {type: int, default: 10, description: Between SIGTERM and SIGKILL.}
  keep: {type: bool, default: false, description: "What is replaced is stopped and kept, called as before and C(-before)."}
author: ["Larder"]
"""

# Variables that the program `docker` would take for its own if they came to it by its environment.
OF_THE_CLIENT = re.compile("^(DOCKER_.*|BUILDKIT_.*|PATH|HOME|LD_.*|.*_PROXY|.*_proxy|GODEBUG)$")
# What Docker adds by itself to a container that is privileged or shares the host's processes.
IMPLIED = {"label=disable"}
# Names of variables; some hold texts in which there may be passwords. One too many costs a line of a diff its value, no more.
SECRET = re.compile("pass|secret|token|credential|aes|auth|key|uri|_opts$|_config$", re.IGNORECASE)
KEPT = "-before"


class Docker:
    def __init__(self, module):
        self.module = module
        self.program = module.get_bin_path("docker", required=True)

    def run(self, *args, **kwargs):
        code, out, err = self.module.run_command([self.program] + list(args), **kwargs)
        if code != 0:
            self.module.fail_json(msg="docker {}: {}".format(args[0], err.strip() or out.strip()))
        return out

    def inspect(self, kind, name):
        """What Docker says of it; None when it is not there."""
        code, out, err = self.module.run_command([self.program, kind, "inspect", name])
        if code == 0:
            return json.loads(out)[0]
        if "no such" in err.lower():
            return None
        return self.module.fail_json(msg="docker {} inspect {}: {}".format(kind, name, err.strip()))


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def secrets_of(environment):
    """What must not be said, of values that mean something by themselves: `true` and a digit are in every answer."""
    found = set()
    for name, value in environment.items():
        text = text_of(value)
        if SECRET.search(name):
            found.add(text)
        # Options as `-Dwhisk.couchdb.password=...`
        for word in text.split():
            key, _, rest = word.partition("=")
            if SECRET.search(key):
                found.add(rest)
    return set(text for text in found if len(text) > 3 and text.lower() not in ("true", "false"))


def value_of(text):
    """For comparing: JSON means the same however it is laid out."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text


def environment_of(pairs):
    """["NAME=value"] as a dictionary."""
    return dict(pair.split("=", 1) if "=" in pair else (pair, "") for pair in pairs or [])


def volume_of(text):
    """With one spelling for a path: Docker keeps what it was given."""
    return ":".join(part.rstrip("/") or "/" for part in text.split(":"))


def network_of(text):
    """Docker has had two names for its usual one."""
    return "" if text in ("default", "bridge") else text


def capability_of(text):
    return text[4:] if text.startswith("CAP_") else text


def wanted_state(parameters, image):
    environment = environment_of(image["Config"]["Env"]) if image else {}
    environment.update((name, text_of(value)) for name, value in parameters["env"].items())
    own_command = image["Config"]["Cmd"] if image else None
    state = {
        "running": True,
        "image": image["Id"] if image else "not on this host yet: " + parameters["image"],
        "command": parameters["command"] or own_command or [],
        "volumes": sorted(volume_of(volume) for volume in parameters["volumes"]),
        "ports": sorted(parameters["ports"]),
        "hostname": parameters["name"],
        "privileged": parameters["privileged"],
        "security": sorted(parameters["security"]),
        "userns": parameters["userns"],
        "pid_mode": parameters["pid_mode"],
        "network": network_of(parameters["network"]),
        "capabilities": sorted(capability_of(name) for name in parameters["capabilities"]),
        "devices": sorted(parameters["devices"]),
        "restart": parameters["restart"],
    }
    state.update(("env " + name, value_of(value)) for name, value in environment.items())
    return state


def published(bindings):
    return sorted(
        "{}:{}".format(host["HostPort"], inside.split("/")[0])
        for inside, hosts in (bindings or {}).items() for host in hosts or [])


def present_state(container):
    if container is None:
        return {}
    config, host = container["Config"], container["HostConfig"]
    state = {
        "running": container["State"]["Running"],
        "image": container["Image"],
        "command": config["Cmd"] or [],
        "volumes": sorted(volume_of(volume) for volume in host["Binds"] or []),
        "ports": published(host["PortBindings"]),
        "hostname": config["Hostname"],
        "privileged": host["Privileged"],
        "security": sorted(set(host["SecurityOpt"] or []) - IMPLIED),
        "userns": host["UsernsMode"],
        "pid_mode": host["PidMode"],
        "network": network_of(host["NetworkMode"]),
        "capabilities": sorted(capability_of(name) for name in host["CapAdd"] or []),
        "devices": sorted(device["PathOnHost"] for device in host["Devices"] or []),
        "restart": host["RestartPolicy"]["Name"] or "no",
    }
    state.update(("env " + name, value_of(value)) for name, value in environment_of(config["Env"]).items())
    return state


def shown(state, names):
    """The lines of a diff; passwords are not for logs."""
    def value(name):
        return "***" if name.startswith("env ") and SECRET.search(name) else text_of(state[name])
    return "".join("{} = {}\n".format(name, value(name)) for name in sorted(names) if name in state)


def environment_arguments(parameters):
    """Of docker run, and the environment that carries the values: a command line can be read by everybody on the host."""
    args, carried = [], {}
    for name, value in sorted(parameters["env"].items()):
        if OF_THE_CLIENT.match(name):
            args += ["--env", "{}={}".format(name, text_of(value))]
        else:
            args += ["--env", name]
            carried[name] = text_of(value)
    return args, carried


def run_arguments(parameters):
    args = ["run", "--detach", "--name", parameters["name"], "--hostname", parameters["name"],
            "--restart", parameters["restart"]]
    if parameters["privileged"]:
        args.append("--privileged")
    for option, value in (("--userns", parameters["userns"]), ("--pid", parameters["pid_mode"]), ("--network", parameters["network"])):
        if value:
            args += [option, value]
    for option in parameters["security"]:
        args += ["--security-opt", option]
    for capability in parameters["capabilities"]:
        args += ["--cap-add", capability]
    for device in parameters["devices"]:
        args += ["--device", device]
    for volume in parameters["volumes"]:
        args += ["--volume", volume]
    for port in parameters["ports"]:
        args += ["--publish", port]
    variables, carried = environment_arguments(parameters)
    return args + variables + [parameters["image"]] + parameters["command"], carried


def stop(docker, parameters):
    docker.run("stop", "--time", str(parameters["stop_seconds"]), parameters["name"])


def remove(docker, parameters):
    stop(docker, parameters)
    docker.run("rm", "--force", parameters["name"])


def set_aside(docker, parameters):
    """Stopped, and not started by the daemon's own start either: two of one number must never run."""
    name = parameters["name"]
    if docker.inspect("container", name + KEPT) is not None:
        docker.run("rm", "--force", name + KEPT)
    stop(docker, parameters)
    docker.run("rename", name, name + KEPT)
    docker.run("update", "--restart", "no", name + KEPT)


def restore(docker, parameters):
    name = parameters["name"]
    if docker.inspect("container", name + KEPT) is not None:
        if docker.inspect("container", name) is not None:
            docker.run("rm", "--force", name)
        docker.run("rename", name + KEPT, name)
        docker.run("update", "--restart", parameters["restart"], name)
    docker.run("start", name)


def make_present(docker, parameters, container, different):
    if container is not None and different == ["running"]:
        docker.run("start", parameters["name"])
        return
    if container is not None:
        (set_aside if parameters["keep"] else remove)(docker, parameters)
    args, environment = run_arguments(parameters)
    docker.run(*args, environ_update=environment)


def try_image(module, docker, parameters):
    variables, carried = environment_arguments(parameters)
    args = ["run", "--rm", "--network", "none"] + variables + [parameters["image"]] + parameters["command"]
    code, out, err = module.run_command([docker.program] + args, environ_update=carried)
    if code != 0:
        module.fail_json(msg="image {} does not take these settings: {}".format(
            parameters["image"], err.strip() or out.strip() or "it ended with {}".format(code)))


def main():
    module = AnsibleModule(supports_check_mode=True, argument_spec={
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent", "restored", "tried"], "default": "present"},
        "image": {"type": "str"},
        "command": {"type": "list", "elements": "str", "default": []},
        "env": {"type": "dict", "default": {}, "no_log": True},
        "volumes": {"type": "list", "elements": "str", "default": []},
        "ports": {"type": "list", "elements": "str", "default": []},
        "privileged": {"type": "bool", "default": False},
        "security": {"type": "list", "elements": "str", "default": []},
        "userns": {"type": "str", "default": ""},
        "pid_mode": {"type": "str", "default": ""},
        "network": {"type": "str", "default": ""},
        "capabilities": {"type": "list", "elements": "str", "default": []},
        "devices": {"type": "list", "elements": "str", "default": []},
        "restart": {"type": "str", "default": "no"},
        "stop_seconds": {"type": "int", "default": 10},
        "keep": {"type": "bool", "default": False},
    }, required_if=[("state", "present", ["image"]), ("state", "tried", ["image", "command"])])
    parameters, docker = module.params, Docker(module)
    # All of `env` is kept out of the logs. Of what is answered, only secrets are: else no `1` and no `true` would be left in it.
    module.no_log_values = secrets_of(parameters["env"])
    if parameters["state"] == "tried":
        try_image(module, docker, parameters)
        module.exit_json(changed=False)
    if parameters["state"] == "restored":
        if not module.check_mode:
            restore(docker, parameters)
        module.exit_json(changed=True)
    container = docker.inspect("container", parameters["name"])
    before, after = present_state(container), {}
    if parameters["state"] == "present":
        image = docker.inspect("image", parameters["image"])
        if image is None and not module.check_mode:
            module.fail_json(msg="image {} is not on this host".format(parameters["image"]))
        after = wanted_state(parameters, image)
    different = sorted(name for name in set(before) | set(after) if before.get(name) != after.get(name))
    if different and not module.check_mode:
        if after:
            make_present(docker, parameters, container, different)
        else:
            remove(docker, parameters)
    module.exit_json(
        changed=bool(different), different=different, was_there=container is not None,
        kept=docker.inspect("container", parameters["name"] + KEPT) is not None,
        labels=(container or {}).get("Config", {}).get("Labels") or {},
        diff={"before": shown(before, different), "after": shown(after, different)})


if __name__ == "__main__":
    main()
