"""Makes services of this machine's loopback reachable on the loopback of a container: relay.py PID PORT...

PID is a process of the container. The broker and the database of the tests listen on loopback, and the broker tells clients to
come to 127.0.0.1; in a deployment both are on the network. Prints `ready`; runs until it is killed.
"""

import ctypes
import socket
import sys
import threading

CLONE_NEWNET = 0x40000000


def enter(namespace):
    with open(namespace) as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def listeners(pid, ports):
    """Sockets stay in the namespace in which they were made."""
    with open("/proc/self/ns/net") as home:
        enter(f"/proc/{pid}/ns/net")
        sockets = [socket.create_server(("127.0.0.1", port)) for port in ports]
        enter(f"/proc/self/fd/{home.fileno()}")
    return sockets


def copy(source, target):
    try:
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()


def serve(listener):
    while True:
        client, _ = listener.accept()
        try:
            server = socket.create_connection(listener.getsockname())
        except OSError:
            client.close()
            continue
        for pair in ((client, server), (server, client)):
            threading.Thread(target=copy, args=pair, daemon=True).start()


def main():
    threads = [threading.Thread(target=serve, args=(listener,)) for listener in
               listeners(int(sys.argv[1]), [int(port) for port in sys.argv[2:]])]
    for thread in threads:
        thread.start()
    print("ready", flush=True)


main()
