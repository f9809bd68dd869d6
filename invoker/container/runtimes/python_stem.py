# Runs in the place of larder-sandbox, with `library` (larder-stem.so) in its names: an interpreter that has
# imported what the launcher of python actions needs. Sandboxes are made by the library, as larder-sandbox
# makes them; the interpreter of each is a fork of this process, which goes on in begin().
import atexit
import ctypes
import gc
import os
import sys

launcher = {"__name__": "launcher", "__builtins__": __builtins__}


def leave(code):
    """Ends as an interpreter does whose main module has ended."""
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()  # pylint: disable=protected-access
    atexit._run_exitfuncs()  # pylint: disable=protected-access
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # the action closed or replaced it
    os._exit(code)


def code_of(end):
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    print(end.code, file=sys.stderr)
    return 1


def settle(environment):
    """Makes of the fork what an interpreter would be that had been started in the sandbox."""
    ctypes.pythonapi.PyOS_AfterFork_Child()
    os.environ.clear()
    for variable in environment.split(b"\0"):
        name, _, value = variable.partition(b"=")
        if name:
            os.environb[name] = value
    sys.argv = ["/larder/python.py"]
    launcher["LAUNCHER"] = os.getpid()
    names = sys.modules["__main__"].__dict__
    for name in ("ctypes", "library"):
        names.pop(name, None)
    names.update({name: value for name, value in launcher.items() if not name.startswith("__")})
    names.update(__file__="/larder/python.py", __cached__=None)


def begin(environment, size):
    # While the exception lives, so does the channel to the proxy, which ends the sandbox without it.
    try:
        settle(ctypes.string_at(environment, size))
        launcher["main"]()
    except SystemExit as end:
        leave(code_of(end))
    except BaseException:  # pylint: disable=broad-except
        sys.excepthook(*sys.exc_info())
        leave(1)
    leave(0)


library.larder_launcher.restype = ctypes.c_char_p
exec(compile(library.larder_launcher(), "/larder/python.py", "exec"), launcher)
callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)(begin)
gc.collect()
gc.freeze()  # or each fork would copy all objects when it looks for garbage
os._exit(library.larder_serve(callback))
