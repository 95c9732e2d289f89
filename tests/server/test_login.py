"""Logins at real providers of OpenID Connect: oidc-provider (npm) and oidc-provider-mock (PyPI), which run on this machine,
walked through as a browser does, with a cookie jar for each host."""

import html
import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

import harness
from harness import Server, Skip, check, check_equal, plain_only, program, test, wait_for

import npm
import ports
import pypi

BUILD = os.path.join(harness.ROOT, "build")
OIDC_PROVIDER = ["oidc-provider@9.13.3"]
SECRET = "a secret: with+signs/&="
PRIVATE_KEY = None


# -- providers -------------------------------------------------------------------------------------------------------

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


# -- a browser without pictures ----------------------------------------------------------------------------------------

class Walker:
    """Follows redirects and fills in forms. Cookies are kept by host and port, as if each port were a site."""

    def __init__(self):
        self.jars, self.trail = {}, []

    def open(self, url, form=None, headers=None):
        for _ in range(20):
            jar = self.jars.setdefault(urllib.parse.urlsplit(url).netloc, http.cookiejar.CookieJar())
            opener = urllib.request.build_opener(_Stay, urllib.request.HTTPCookieProcessor(jar))
            data = urllib.parse.urlencode(form).encode() if form is not None else None
            request = urllib.request.Request(url, data, {"Accept": "text/html", **(headers or {})})
            try:
                reply = opener.open(request, timeout=10)
            except urllib.error.HTTPError as error:
                reply = error
            self.trail.append((url, reply.status))
            self.url, self.status, self.text = url, reply.status, reply.read().decode()
            self.headers = reply.headers
            if self.status not in (301, 302, 303):
                return self
            url, form = urllib.parse.urljoin(url, reply.headers["Location"]), None
        raise AssertionError(f"too many redirects: {self.trail}")

    def submit(self, **values):
        """Sends the page's only form."""
        action = re.search(r'<form[^>]*action="([^"]*)"', self.text)
        fields = dict(re.findall(r'<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"', self.text))
        url = urllib.parse.urljoin(self.url, html.unescape(action.group(1)) if action is not None else self.url)
        return self.open(url, {**{k: html.unescape(v) for k, v in fields.items()}, **values})


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def sign_in_at_panva(walker, user="ann"):
    check("oidc-provider" in walker.text or "<form" in walker.text, f"a page of the provider: {walker.trail}")
    walker.submit(login=user, password="x")
    return walker.submit()  # consent


def me(walker, port):
    walker.open(f"http://127.0.0.1:{port}/me", headers={"Accept": "application/json"})
    return walker.status, json.loads(walker.text)


# -- tests -------------------------------------------------------------------------------------------------------------

@test
@plain_only("the provider knows the callback by http")
def a_user_signs_in_at_oidc_provider():
    port = ports.free_port()
    with panva(port) as peer, service(port, peer):
        walker = Walker().open(f"http://127.0.0.1:{port}/account/login/op?next=/home%3Fa=b")
        sign_in_at_panva(walker)
        check_equal((walker.status, walker.url), (200, f"http://127.0.0.1:{port}/home?a=b"), "where it ends")
        status, seen = me(walker, port)
        check_equal(status, 200, "status of /me")
        check_equal(seen, {"provider": "op", "issuer": peer.issuer, "subject": "ann", "email": "ann@example.org",
                           "email_verified": True, "name": "User ann", "has_access_token": True}, "the profile")


@test
@plain_only("its requests need no network")
def logins_withstand_every_answer_of_a_stubbed_provider():
    done = subprocess.run([program("login_flow")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    failed = done.stdout[done.stdout.find("not ok"):][:3000] if "not ok" in done.stdout else done.stdout[-300:]
    check(done.returncode == 0, failed)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("login", "login_flow")))
