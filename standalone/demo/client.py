"""OpenWhisk's REST API, as plain as it is: what the demo asks the platform goes over these calls."""

import base64
import http.client
import json
import time

GUEST_KEY = ("23bc46b1-71f6-4ed5-8c54-816aa4f8c502:"
             "123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP")


class Refused(Exception):
    """The platform answered, and not with what was asked for."""


class Client:
    def __init__(self, port):
        self._port = port
        self._headers = {"Authorization": "Basic " + base64.b64encode(GUEST_KEY.encode()).decode(),
                         "Content-Type": "application/json"}

    def call(self, method, path, body=None):
        """(status, answer). Raises OSError where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), self._headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
        return answer.status, json.loads(text) if is_json else text.decode(errors="replace")

    def ready(self):
        try:
            return self.call("GET", "/")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def deploy(self, name, execution, annotations, memory_mb):
        body = {"exec": execution, "limits": {"memory": memory_mb, "timeout": 60000},
                "annotations": [{"key": key, "value": value} for key, value in annotations.items()]}
        status, answer = self.call("PUT", f"/api/v1/namespaces/_/actions/{name}?overwrite=true", body)
        if status != 200:
            raise Refused(f"PUT {name} was answered with {status}: {json.dumps(answer)[:500]}")

    def invoke(self, name, parameters):
        """The record of an activation that succeeded, when it has ended."""
        status, record = self.call("POST", f"/api/v1/namespaces/_/actions/{name}?blocking=true", parameters)
        if status == 202:
            record = self._wait(record["activationId"])
        if not isinstance(record, dict) or not record.get("response", {}).get("success"):
            raise Refused(f"{name} was answered with {status}: {json.dumps(record)[:1000]}")
        return record

    def logs(self, activation_id):
        return self.call("GET", f"/api/v1/namespaces/_/activations/{activation_id}/logs")[1].get("logs", [])

    def _wait(self, activation_id, seconds=120):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            status, record = self.call("GET", f"/api/v1/namespaces/_/activations/{activation_id}")
            if status == 200:
                return record
            time.sleep(0.05)
        raise Refused(f"activation {activation_id} has no record after {seconds} s")
