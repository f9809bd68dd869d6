"""GET /ping, POST /disable and /enable as OpenWhisk's invoker serves them by default: https, for clients with a certificate."""

import base64
import http.server
import os
import signal
import ssl
import sys

CREDENTIALS = os.environ["CONFIG_whisk_invoker_username"] + ":" + os.environ["CONFIG_whisk_invoker_password"]


def say(*words):
    print(*words, flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        if self.path == "/ping":
            self.answer(200, "pong")
        else:
            self.answer(401, "{}")

    def do_POST(self):
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        if self.path in ("/disable", "/enable") and base64.b64decode(given).decode() == CREDENTIALS:
            say(self.path[1:] + "d")
            self.answer(200, f"invoker is now {self.path[1:]}d.")
        else:
            self.answer(401, "{}")

    def log_message(self, *_):
        pass


def stop(*_):
    say("stopped")
    sys.exit(0)


def main():
    signal.signal(signal.SIGTERM, stop)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/conf/invoker-openwhisk-server-cert.pem", "/conf/invoker-openwhisk-server-key.pem")
    context.load_verify_locations("/conf/invoker-openwhisk-server-cert.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    say("started", *sys.argv[1:])
    server.serve_forever()


main()
