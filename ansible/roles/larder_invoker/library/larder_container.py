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
options:
  name: {type: str, required: true, description: Of the container; also its host name.}
  state: {type: str, choices: [present, absent], default: present, description: There and running, or not there.}
  image: {type: str, description: Must be on the host.}
  command: {type: list, elements: str, default: [], description: Empty means the image's own.}
  env: {type: dict, default: {}, description: Numbers and truth values as JSON writes them.}
  volumes: {type: list, elements: str, default: [], description: As for docker run -v.}
  ports: {type: list, elements: str, default: [], description: "HOST:CONTAINER, numbers."}
  privileged: {type: bool, default: false, description: As for docker run.}
  security: {type: list, elements: str, default: [], description: As for docker run --security-opt.}
  userns: {type: str, default: "", description: As for docker run.}
  pid_mode: {type: str, default: "", description: As for docker run.}
  restart: {type: str, default: "no", description: As for docker run.}
  stop_seconds: {type: int, default: 10, description: Between SIGTERM and SIGKILL.}
author: ["Larder"]
"""

# Variables that the program `docker` would take for its own if they came to it by its environment.
OF_THE_CLIENT = re.compile("^(DOCKER_.*|BUILDKIT_.*|PATH|HOME|LD_.*|.*_PROXY|.*_proxy|GODEBUG)$")
# What Docker adds by itself to a container that is privileged or shares the host's processes.
IMPLIED = {"label=disable"}
SECRET = re.compile("password|secret|token|credential|aes|mongodb_uri", re.IGNORECASE)


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
        "restart": host["RestartPolicy"]["Name"] or "no",
    }
    state.update(("env " + name, value_of(value)) for name, value in environment_of(config["Env"]).items())
    return state


def shown(state, names):
    """The lines of a diff; passwords are not for logs."""
    def value(name):
        return "***" if name.startswith("env ") and SECRET.search(name) else text_of(state[name])
    return "".join("{} = {}\n".format(name, value(name)) for name in sorted(names) if name in state)


def run_arguments(parameters):
    """Of docker run, and the environment that carries the values: a command line can be read by everybody on the host."""
    args = ["run", "--detach", "--name", parameters["name"], "--hostname", parameters["name"],
            "--restart", parameters["restart"]]
    if parameters["privileged"]:
        args.append("--privileged")
    for option, value in (("--userns", parameters["userns"]), ("--pid", parameters["pid_mode"])):
        if value:
            args += [option, value]
    for option in parameters["security"]:
        args += ["--security-opt", option]
    for volume in parameters["volumes"]:
        args += ["--volume", volume]
    for port in parameters["ports"]:
        args += ["--publish", port]
    carried = {}
    for name, value in sorted(parameters["env"].items()):
        if OF_THE_CLIENT.match(name):
            args += ["--env", "{}={}".format(name, text_of(value))]
        else:
            args += ["--env", name]
            carried[name] = text_of(value)
    return args + [parameters["image"]] + parameters["command"], carried


def remove(docker, parameters):
    docker.run("stop", "--time", str(parameters["stop_seconds"]), parameters["name"])
    docker.run("rm", "--force", parameters["name"])


def make_present(docker, parameters, container, different):
    if container is not None and different == ["running"]:
        docker.run("start", parameters["name"])
        return
    if container is not None:
        remove(docker, parameters)
    args, environment = run_arguments(parameters)
    docker.run(*args, environ_update=environment)


def main():
    module = AnsibleModule(supports_check_mode=True, argument_spec={
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "image": {"type": "str"},
        "command": {"type": "list", "elements": "str", "default": []},
        "env": {"type": "dict", "default": {}},
        "volumes": {"type": "list", "elements": "str", "default": []},
        "ports": {"type": "list", "elements": "str", "default": []},
        "privileged": {"type": "bool", "default": False},
        "security": {"type": "list", "elements": "str", "default": []},
        "userns": {"type": "str", "default": ""},
        "pid_mode": {"type": "str", "default": ""},
        "restart": {"type": "str", "default": "no"},
        "stop_seconds": {"type": "int", "default": 10},
    }, required_if=[("state", "present", ["image"])])
    parameters, docker = module.params, Docker(module)
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
        labels=(container or {}).get("Config", {}).get("Labels") or {},
        diff={"before": shown(before, different), "after": shown(after, different)})


if __name__ == "__main__":
    main()
