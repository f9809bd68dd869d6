"""A runtime that does one thing wrong: what $FAULT says, at the path $FAULT_AT or at every one."""
import contextlib
import os
import signal
import socket
import sys
import time

FAULT = os.environ.get("FAULT", "")
FAULT_AT = os.environ.get("FAULT_AT", "")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def read_request(client):
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(65536)
    head, body = data.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += client.recv(65536)
    return head.split()[1].decode()


def answer(client):
    path = read_request(client)
    if FAULT_AT not in ("", path):
        client.sendall(HEAD % 2 + b"{}")
    elif FAULT == "hang":
        signal.pause()
    elif FAULT == "garbage":
        client.sendall(b"\x00\x01 this is no answer \xff\n" * 100)
    elif FAULT == "flood":
        client.sendall(HEAD % (100 << 20))
        with contextlib.suppress(OSError):  # nobody reads that to its end
            for _ in range(100):
                client.sendall(b"x" * (1 << 20))
    elif FAULT == "cut":
        client.sendall(HEAD % 1000 + b'{"half":')
    elif FAULT == "die":
        os.kill(os.getpid(), signal.SIGKILL) if os.getpid() != 1 else os._exit(7)
    elif FAULT == "no sentinels":
        print("a line", flush=True)
        client.sendall(HEAD % 2 + b"{}")
    elif FAULT == "logs":
        for number in range(3):
            print("line", number, flush=True)
            print("XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX", flush=True) if number == 2 else None
        print("XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX", file=sys.stderr, flush=True)
        client.sendall(HEAD % 2 + b"{}")
    else:
        client.sendall(HEAD % 2 + b"{}")
    client.close()


def main():
    if FAULT == "no port":
        signal.pause()
    if FAULT == "late end":
        time.sleep(0.5)
        sys.exit(3)
    if FAULT == "end":
        sys.exit(3)
    server = socket.create_server(("0.0.0.0", 8080))
    while True:
        answer(server.accept()[0])


main()
