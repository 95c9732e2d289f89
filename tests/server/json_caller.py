"""Programs of tests/server that are resources: runs their own tests, and provides clients that speak JSON to them."""

import contextlib
import http.client
import json
import os
import subprocess
import tempfile

import harness
import shared_postgres
from harness import Server, check_equal


class Caller:
    """A connection that sends and receives JSON."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=60)

    def send(self, method, path, value=None, **headers):
        """Returns the status, the parsed body and the headers."""
        body = None if value is None else json.dumps(value)
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        self.connection.request(method, path, body, {"Content-Type": "application/json", **headers} if body else headers)
        reply = self.connection.getresponse()
        text = reply.read()
        return reply.status, json.loads(text) if text else None, reply.headers

    def get(self, path):
        status, page, _ = self.send("GET", path)
        check_equal(status, 200, f"{path}: {page}")
        return page


@contextlib.contextmanager
def served(name, url, *flags, workers=2):
    """A server of NAME.c, with its tables created."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        url = url or f"sqlite:{folder}/rows.db"
        with Server("--database-url", url, *flags, name=name, workers=workers) as server:
            yield server


def new_database(name):
    server = shared_postgres.server()
    server.psql(f"drop database if exists {name}")
    server.psql(f"create database {name}")
    return server.url(name)


def check_program(name, *options):
    """Checks that the tests of NAME.c pass."""
    done = subprocess.run([harness.program(name), "--tap", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=280, check=False)
    check_equal(done.returncode, 0, done.stdout.decode("utf-8", "replace"))
