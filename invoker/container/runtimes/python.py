# The launcher of python actions: one JSON line in, one JSON line out on descriptor 3.
#
# The first line is {"init": {"main": name, "env": {...}}}; the code is then in the current folder.
# Every further line is one call. A line out that begins with "!" is a failure.
# What is imported here is part of every cold start; the rest is imported where it is needed.
import json
import os
import sys


def open_channel():
    """Takes the channel away from standard input, so that the action cannot read it by accident."""
    lines = os.fdopen(os.dup(0), "r", encoding="utf-8", errors="replace", newline="\n")
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.set_inheritable(3, False)
    return lines, os.fdopen(3, "w", encoding="utf-8", errors="backslashreplace", newline="\n")


LAUNCHER = os.getpid()


def answer(out, text):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # the action closed or replaced it
    if os.getpid() != LAUNCHER:
        os._exit(0)  # a process that the action forked has come back here: it has nothing to answer
    out.write(text + "\n")
    out.flush()


def print_traceback():
    import traceback

    traceback.print_exc()


def prepare_paths(folder):
    sys.path.insert(0, folder)
    version = "python%d.%d" % sys.version_info[:2]
    packages = os.path.join(folder, "virtualenv", "lib", version, "site-packages")
    if os.path.isdir(packages):
        sys.path.insert(1, packages)


def load(order):
    """The function that the action names."""
    folder = os.getcwd()
    os.environ.update(order["env"])
    prepare_paths(folder)
    path = os.path.join(folder, "__main__.py")
    if not os.path.exists(path):
        raise RuntimeError("the zip archive has no __main__.py at its root")
    module = type(sys)("main__")
    module.__file__ = path
    sys.modules["main__"] = module
    with open(path, "rb") as file:
        exec(compile(file.read(), path, "exec"), module.__dict__)  # pylint: disable=exec-used
    function = getattr(module, order["main"], None)
    if not callable(function):
        raise RuntimeError("there is no function '%s'" % order["main"])
    return function


def initialize(lines, out):
    line = lines.readline()
    if not line:
        sys.exit(0)
    try:
        function = load(json.loads(line)["init"])
    except Exception as error:  # pylint: disable=broad-except
        print_traceback()
        text = "The action failed to generate or locate a binary: %s" % error
        answer(out, "!" + json.dumps({"error": text}))
        return None
    answer(out, '{"ok":true}')
    return function


async def wait_for(result):
    return await result


def call(function, request):
    result = function(request.get("value") or {})
    if hasattr(result, "__await__"):
        import asyncio

        result = asyncio.run(wait_for(result))
    if not isinstance(result, (dict, list)):
        return "!" + json.dumps({"error": "The action did not return a dictionary or array."})
    return json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def run(function, line):
    try:
        request = json.loads(line)
        for key, value in request.items():
            if key != "value" and isinstance(value, str):
                os.environ["__OW_" + key.upper()] = value
        return call(function, request)
    except Exception as error:  # pylint: disable=broad-except
        print_traceback()
        return json.dumps({"error": str(error)})


def main():
    sys.dont_write_bytecode = True
    lines, out = open_channel()
    function = initialize(lines, out)
    if function is None:
        lines.readline()  # nothing can come any more but the end
        return
    for line in lines:
        answer(out, run(function, line))


if __name__ == "__main__":
    main()
