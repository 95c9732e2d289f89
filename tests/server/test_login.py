"""Logins at real providers of OpenID Connect: oidc-provider (npm) and oidc-provider-mock (PyPI), which run on this machine,
walked through as a browser does, with a cookie jar for each host."""

import base64
import html
import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

import harness
from harness import Skip, check, check_equal, plain_only, program, test, wait_for
from login_peers import mock, panva, service

import ports

MAKE_KEY = """
const crypto = require("crypto"), algorithm = process.argv[1];
const [kind, options] = { ES256: ["ec", { namedCurve: "P-256" }], EdDSA: ["ed25519", {}], RS256: ["rsa", { modulusLength: 2048 }] }[algorithm];
const { privateKey } = crypto.generateKeyPairSync(kind, options);
console.log(JSON.stringify([{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: algorithm, kid: "k" }]));
"""


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def once(request):
    """The reply to one request, whatever its status and without following it; None when nobody listens."""
    try:
        return urllib.request.build_opener(_Stay).open(request, timeout=5)
    except urllib.error.HTTPError as error:
        return error if error.code != 502 else None
    except urllib.error.URLError:
        return None


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
@plain_only("the provider knows the callback by http")
def clients_prove_themselves_in_every_way_that_oidc_provider_knows():
    folder = tempfile.mkdtemp(prefix="tern-login-")
    key = os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key],
                   check=True, capture_output=True)
    point = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                           capture_output=True).stdout[-64:]
    jwk = {"kty": "EC", "crv": "P-256", "x": base64url(point[:32]), "y": base64url(point[32:])}
    ways = [({"token_endpoint_auth_method": "client_secret_basic"}, {}),
            ({"token_endpoint_auth_method": "client_secret_post"}, {"CLIENT_AUTH": "client_secret_post"}),
            ({"token_endpoint_auth_method": "none"}, {"CLIENT_AUTH": "none"}),
            ({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk]}},
             {"TERN_LOGIN_OP_PRIVATE_KEY_FILE": key, "CLIENT_AUTH": "private_key_jwt"})]
    try:
        for client, env in ways:
            port = ports.free_port()
            with panva(port, **client) as peer, service(port, peer, env=env):
                walker = Walker().open(f"http://127.0.0.1:{port}/account/login/op")
                sign_in_at_panva(walker)
                check_equal(me(walker, port)[0], 200, f"status with {client['token_endpoint_auth_method']}")
    finally:
        shutil.rmtree(folder)


@test
@plain_only("the provider knows the callback by http")
def id_tokens_of_edwards_curves_and_ec_keys_are_taken():
    for algorithm in ("ES256", "EdDSA", "RS256"):
        port = ports.free_port()
        keys = subprocess.run(["node", "-e", MAKE_KEY, algorithm], check=True, capture_output=True, text=True).stdout
        with panva(port, id_token_signed_response_alg=algorithm, configuration={
                "jwks": {"keys": json.loads(keys)},
                "enabledJWA": {"idTokenSigningAlgValues": ["ES256", "EdDSA", "RS256"]}}) as peer, \
                service(port, peer) as server:
            walker = Walker().open(f"http://127.0.0.1:{port}/account/login/op")
            sign_in_at_panva(walker)
            check_equal(me(walker, port)[0], 200, f"status with {algorithm}: {server.lines[-3:]}")


@test
@plain_only("the provider knows the callback by http")
def a_user_who_cancels_at_oidc_provider_is_told_so():
    port = ports.free_port()
    with panva(port) as peer, service(port, peer):
        walker = Walker().open(f"http://127.0.0.1:{port}/account/login/op")
        abort = re.search(r'href="([^"]*/abort)"', walker.text).group(1)
        walker.open(urllib.parse.urljoin(walker.url, html.unescape(abort)))
        check_equal(walker.status, 403, f"status of {walker.url}")
        check("the login was cancelled" in walker.text and "Begin again" in walker.text, walker.text)
        check_equal(me(walker, port)[0], 401, "status of /me")


@test
@plain_only("the provider knows the callback by http")
def an_answer_by_a_form_signs_in():
    port = ports.free_port()
    with panva(port) as peer, service(port, peer, env={"FORM_POST": "1"}):
        walker = Walker().open(f"http://127.0.0.1:{port}/account/login/op")
        sign_in_at_panva(walker)
        check('name="code"' in walker.text, f"a page that sends itself: {walker.text[:300]}")
        walker.submit()
        check_equal((walker.status, me(walker, port)[0]), (404, 200), "statuses of / and /me")


@test
@plain_only("the provider knows the callback by http")
def a_code_works_once_and_in_its_browser_alone():
    port = ports.free_port()
    with panva(port) as peer, service(port, peer):
        walker = Walker().open(f"http://127.0.0.1:{port}/account/login/op")
        sign_in_at_panva(walker)
        callback = next(url for url, _ in walker.trail if "/callback?" in url)
        check_equal(walker.open(callback).status, 400, "status of the second use")
        check_equal(Walker().open(callback).status, 400, "status in another browser")


@test
@plain_only("the provider knows the callback by http")
def a_user_signs_in_at_oidc_provider_mock():
    port = ports.free_port()
    with mock() as peer, service(port, peer) as server:
        walker = Walker().open(f"http://127.0.0.1:{port}/account/login/op")
        walker.submit(sub="ann")
        status, seen = me(walker, port)
        check_equal(status, 200, f"status of /me: {server.lines[-3:]}, {walker.trail}")
        check_equal((seen["subject"], seen["email"], seen["name"]), ("ann", "ann@example.org", "Ann"), "the profile")


@test
@plain_only("nginx is given no certificate")
def behind_nginx_the_provider_gets_the_outer_address():
    if shutil.which("nginx") is None:
        raise Skip("nginx is not installed")
    outer, port = ports.free_port(), ports.free_port()
    folder = tempfile.mkdtemp(prefix="tern-login-")
    with open(os.path.join(folder, "nginx.conf"), "w", encoding="ascii") as file:
        file.write(f"""{'user root;' if os.getuid() == 0 else ''}
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{outer};
        location / {{
            proxy_pass http://127.0.0.1:{port};
            proxy_set_header Host shop.example;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
    }}
}}
""")
    nginx = None
    try:
        with panva(port) as peer, service(port, peer, "--trusted-proxies", "127.0.0.1"):
            nginx = subprocess.Popen(["nginx", "-e", "stderr", "-c", os.path.join(folder, "nginx.conf")],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            request = urllib.request.Request(f"http://127.0.0.1:{outer}/account/login/op", headers={"Accept": "text/html"})
            reply = wait_for(lambda: once(request), text="a reply through nginx")
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(reply.headers["Location"]).query)
            check_equal(query["redirect_uri"], ["https://shop.example/account/login/op/callback"], "redirect_uri")
            check("__Host-login-" in reply.headers["Set-Cookie"] and "Secure" in reply.headers["Set-Cookie"],
                  f"a cookie of this host alone: {reply.headers['Set-Cookie']}")
    finally:
        if nginx is not None:
            nginx.kill()
            nginx.wait()
        shutil.rmtree(folder)


@test
@plain_only("the provider knows the callback by http")
def a_login_begins_at_the_host_to_which_it_comes_back():
    port = ports.free_port()
    with panva(port) as peer, service(port, peer, env={"BASE_URL": f"http://127.0.0.1:{port}"}):
        walker = Walker().open(f"http://localhost:{port}/account/login/op")
        sign_in_at_panva(walker)
        check_equal(me(walker, port)[0], 200, "status of /me")


@test
@plain_only("the provider knows the callback by http")
def a_provider_that_is_away_is_a_page_and_comes_back():
    port, away = ports.free_port(), ports.free_port()
    gone = type("Gone", (), {"issuer": f"http://127.0.0.1:{away}"})
    with service(port, gone) as server:
        walker = Walker().open(f"http://127.0.0.1:{port}/account/login/op")
        check_equal(walker.status, 502, "status")
        check("The Provider cannot be reached at the moment" in walker.text, walker.text)
        check(server.logged("refused") is not None, f"a line that says why: {server.lines}")


@test
@plain_only("its requests need no network")
def logins_withstand_every_answer_of_a_stubbed_provider():
    done = subprocess.run([program("login_flow")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    failed = done.stdout[done.stdout.find("not ok"):][:3000] if "not ok" in done.stdout else done.stdout[-300:]
    check(done.returncode == 0, failed)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("login", "login_flow")))
