"""Providers of OpenID Connect that run on this machine, and the service that signs in at them; for tests with and without a
browser."""

import json
import os
import re
import subprocess
import threading

import harness
from harness import Server, Skip, check, wait_for

import npm
import ports
import pypi

BUILD = os.path.join(harness.ROOT, "build")
OIDC_PROVIDER = ["oidc-provider@9.13.3"]
SECRET = "a secret: with+signs/&="


class Peer:
    """A provider that runs; `issuer` is its address. It ends with the `with` block."""

    def __init__(self, command, line=r"(http://127\.0\.0\.1:\d+)", issuer=None):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.lines, self.issuer = [], issuer
        threading.Thread(target=self._read, args=(re.compile(line),), daemon=True).start()
        wait_for(lambda: self.is_ready or self.process.poll() is not None, 60, "a provider that listens")
        check(self.is_ready, f"a provider that runs: {self.lines[-5:]}")

    is_ready = False

    def _read(self, wanted):
        for text in self.process.stdout:
            self.lines.append(text.rstrip())
            found = wanted.search(text)
            if found is not None and not self.is_ready:
                self.issuer = self.issuer or found.group(1)
                self.is_ready = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def panva(port, **client):
    """oidc-provider, with one client whose callback is at `port`."""
    folder, why = npm.folder_of(os.path.join(BUILD, "npm-login"), OIDC_PROVIDER)
    if why is not None:
        raise Skip(f"oidc-provider (npm): {why}")
    more = client.pop("configuration", {})
    configuration = {
        "clients": [{"client_id": "tern:client", "client_secret": SECRET,
                     "redirect_uris": [f"http://127.0.0.1:{port}/account/login/op/callback"], **client}],
        "pkce": {}, "features": {"devInteractions": {"enabled": True}}, **more}
    return Peer(["node", os.path.join(harness.ROOT, "tests/server/login_provider.mjs"), folder, json.dumps(configuration)])


def mock():
    """oidc-provider-mock, which takes any client."""
    bin_folder, why = pypi.programs(os.path.join(BUILD, "pypi-login"),
                                    os.path.join(harness.ROOT, "tests/server/login.requirements.txt"))
    if why is not None:
        raise Skip(f"oidc-provider-mock (PyPI): {why}")
    port = ports.free_port()
    return Peer([os.path.join(bin_folder, "oidc-provider-mock"), "--port", str(port), "--user-claims",
                 json.dumps({"sub": "ann", "email": "ann@example.org", "email_verified": True, "name": "Ann"})],
                r"running on", f"http://127.0.0.1:{port}")


def service(port, peer, *flags, env=None):
    return Server("--development", "--port", str(port), *flags, name="login",
                  env={"TERN_LOGIN_OP_ISSUER": peer.issuer, "TERN_LOGIN_OP_CLIENT_ID": "tern:client",
                       "TERN_LOGIN_OP_CLIENT_SECRET": SECRET, **(env or {})})
