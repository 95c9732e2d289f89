"""Certificate authorities for tests of ACME: Pebble, and one of our own that answers as badly as a test wants.

Everything is on 127.0.0.1, and every name of a certificate resolves there.
"""

import base64
import datetime
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

import harness
from ports import free_port

BINDING = ("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W")
PROBLEM = "application/problem+json"
CONFIG = """
[ca]
default_ca = own
[own]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
copy_extensions = none
unique_subject = no
[any]
commonName = optional
"""
EXTENSIONS = "subjectAltName={names}\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\n"


def run(*command, data="", fails=False):
    """What a command prints; `fails`: it may."""
    done = subprocess.run(command, input=data.encode(), capture_output=True, check=False)
    harness.check(fails or done.returncode == 0, f"{command[0]} {command[1]}: {done.stderr.decode()[-500:]}")
    return done.stdout.decode()


def make_certificate(folder, name, subject, *extensions):
    """A certificate signed by its own key: NAME.pem and NAME.key."""
    extra = [word for extension in extensions for word in ("-addext", extension)]
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-subj", f"/CN={subject}", *extra)


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def facts(pem_file):
    """Serial, subjectAltName and the rest of a certificate, as openssl prints them."""
    return run("openssl", "x509", "-in", pem_file, "-noout", "-serial", "-issuer", "-ext", "subjectAltName")


class Place:
    """A folder for a test with the state folder in it; removed at the end."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="tern-acme-")
        self.state = os.path.join(self.folder, "state")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.state, *names)

    def read(self, *names):
        with open(self.path(*names), encoding="utf-8") as file:
            return file.read()

    def record(self, name="example.org"):
        return json.loads(self.read("acme", "records", f"{name}.json"))

    def account(self):
        """The content of the account's two files, by their end."""
        folder = self.path("acme")
        return {name.rsplit(".", 1)[1]: self.read("acme", name) for name in os.listdir(folder)
                if name.startswith("account-") and not name.endswith(".new")}

    def certificate(self, name="example.org"):
        return self.path("certificates", name, "fullchain.pem")


def helper(place, authority, names="example.org", challenge="http-01", eab="-", step="-", count=1, before=None):
    """The process that looks after certificates."""
    return harness.Program([harness.program("acme_helper"), place.state, authority.url, authority.ca_file, names,
                            challenge, eab, step, str(count)], before=before)


# -- what answers challenges -----------------------------------------------------------------------------------------

class HttpResponder:
    """Answers http-01 from the state folder, as a plain listener does."""

    def __init__(self, place, port):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                try:
                    with open(place.path("acme", "http-01", os.path.basename(self.path)), "rb") as file:
                        status, body = 200, file.read()
                except OSError:
                    status, body = 404, b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class AlpnResponder:
    """Answers tls-alpn-01 from the state folder, as a TLS listener does."""

    def __init__(self, place, port):
        self.place = place
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _context(self, pem=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["acme-tls/1"])
        if pem is not None:
            context.load_cert_chain(pem)
        return context

    def _choose(self, connection, name, _context):
        connection.context = self._context(self.place.path("acme", "alpn", f"{name}.pem"))

    def _serve(self):
        context = self._context()
        context.sni_callback = self._choose
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as wrapped:
                    wrapped.recv(1)
            except (OSError, ssl.SSLError):
                connection.close()

    def close(self):
        self.listener.close()


# -- Pebble ----------------------------------------------------------------------------------------------------------

class Pebble:
    """Let's Encrypt's small authority for tests, with its name server, and faults switched on: it refuses a fifth of
    all nonces and does not reuse authorizations."""

    def __init__(self, place, wants_binding=False):
        if shutil.which("pebble") is None or shutil.which("pebble-challtestsrv") is None:
            raise harness.Skip("pebble is not installed")
        self.place, self.processes = place, []
        self.http_port, self.tls_port = free_port(), free_port()
        port, dns_port, management = free_port(), free_port(), free_port()
        make_certificate(place.folder, "pebble", "localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.ca_file = os.path.join(place.folder, "pebble.pem")
        self.url = f"https://localhost:{port}/dir"
        self.log = os.path.join(place.folder, "pebble.log")
        config = {"listenAddress": f"127.0.0.1:{port}", "managementListenAddress": "", "certificate": self.ca_file,
                  "privateKey": os.path.join(place.folder, "pebble.key"), "httpPort": self.http_port,
                  "tlsPort": self.tls_port, "externalAccountBindingRequired": wants_binding,
                  "externalAccountMACKeys": dict([BINDING]), "certificateValidityPeriod": 3600}
        with open(os.path.join(place.folder, "pebble.json"), "w", encoding="utf-8") as file:
            json.dump({"pebble": config}, file)
        self._start("pebble-challtestsrv", "-dns01", f"127.0.0.1:{dns_port}", "-http01", "", "-https01", "",
                    "-tlsalpn01", "", "-management", f"127.0.0.1:{management}", "-defaultIPv6", "")
        self._start("pebble", "-config", os.path.join(place.folder, "pebble.json"), "-strict",
                    "-dnsserver", f"127.0.0.1:{dns_port}")
        self._wait_for(port)
        self._wait_for(management)

    def _start(self, *command):
        env = dict(os.environ, PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT="20", PEBBLE_AUTHZREUSE="0",
                   PEBBLE_VA_ALWAYS_VALID="0")
        with open(self.log, "ab") as log:
            self.processes.append(subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    @staticmethod
    def _wait_for(port):
        def accepts():
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return True
            except OSError:
                return False
        harness.wait_for(accepts, text="Pebble")

    def count(self, text):
        with open(self.log, encoding="utf-8") as file:
            return file.read().count(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()


# -- an authority of our own -----------------------------------------------------------------------------------------

class Reply:
    def __init__(self, status=200, body=b"", kind="application/json", **headers):
        self.status, self.kind = status, kind
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def problem(status, kind, detail="for a test", **headers):
    return Reply(status, {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail}, PROBLEM, **headers)


class Authority:
    """Believes every challenge, and answers as told: `replies` has a Reply, or a function of the usual Reply that
    returns another, for a step: "directory", "nonce", "account", "new_order", "order", "authorization", "challenge",
    "finalize", "certificate", "renewal"."""

    def __init__(self, place, life_s=3600, window=None):
        self.place, self.life_s, self.window = place, life_s, window
        self.replies, self.steps, self.payloads = {}, [], {}
        self.nonces, self.orders, self.accounts = set(), {}, 0
        self.starts_before_s, self.names, self.signs_key = 0, None, None
        self._issuing = threading.Lock()
        make_certificate(place.folder, "site", "localhost", "subjectAltName=DNS:localhost")
        make_certificate(place.folder, "root", "Authority of a test", "basicConstraints=critical,CA:TRUE")
        self.ca_file = os.path.join(place.folder, "site.pem")
        self._make_files()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, os.path.join(place.folder, "site.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.base = f"https://localhost:{self.server.server_address[1]}"
        self.url = f"{self.base}/directory"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _make_files(self):
        with open(os.path.join(self.place.folder, "ca.cnf"), "w", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=self.place.folder))
        open(os.path.join(self.place.folder, "index.txt"), "w", encoding="utf-8").close()
        with open(os.path.join(self.place.folder, "serial"), "w", encoding="utf-8") as file:
            file.write("8001\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def count(self, step):
        return self.steps.count(step)

    def _handler(self):
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                reply = authority.answer(self.command, self.path.strip("/").split("/"), body)
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.kind)
                self.send_header("Content-Length", str(len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)

            do_GET = do_HEAD = do_POST = answer

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:  # the client has seen enough
                    pass

        return Handler

    def answer(self, method, path, body):
        step, number = path[0], path[1] if len(path) > 1 else None
        payload = None
        if method == "POST":
            message = json.loads(body)
            head = json.loads(decode(message["protected"]))
            if head["nonce"] not in self.nonces:
                return self._finish(problem(400, "badNonce"), step)
            self.nonces.discard(head["nonce"])
            harness.check_equal(head["url"], f"{self.base}/{'/'.join(path)}", "url that is signed")
            payload = json.loads(decode(message["payload"])) if message["payload"] else None
        self.steps.append(step)
        self.payloads[step] = payload
        reply = getattr(self, f"_{step}")(number, payload)
        other = self.replies.get(step)
        if other is not None:
            reply = other(reply) if callable(other) else other
        return self._finish(reply, step)

    def _finish(self, reply, step):
        nonce = base64.urlsafe_b64encode(os.urandom(12)).decode().rstrip("=")
        self.nonces.add(nonce)
        if step not in ("directory", "renewal"):
            reply.headers = {"Replay-Nonce": nonce, **reply.headers}
        return reply

    def _directory(self, _number, _payload):
        urls = {"newNonce": f"{self.base}/nonce", "newAccount": f"{self.base}/account",
                "newOrder": f"{self.base}/new_order", "revokeCert": f"{self.base}/revoke"}
        if self.window is not None:
            urls["renewalInfo"] = f"{self.base}/renewal"
        return Reply(200, urls)

    def _nonce(self, _number, _payload):
        return Reply(200)

    def _account(self, _number, payload):
        is_new = "termsOfServiceAgreed" in payload and self.accounts == 0
        self.accounts += is_new
        return Reply(201 if is_new else 200, {"status": "valid"}, Location=f"{self.base}/account/1")

    def _new_order(self, _number, payload):
        number = str(len(self.orders) + 1)
        names = [identifier["value"] for identifier in payload["identifiers"]]
        self.orders[number] = {"status": "pending", "names": names, "proved": set()}
        return Reply(201, self._describe(number), Location=f"{self.base}/order/{number}")

    def _describe(self, number):
        order = self.orders[number]
        if order["status"] == "pending" and len(order["proved"]) == len(order["names"]):
            order["status"] = "ready"
        described = {"status": order["status"], "finalize": f"{self.base}/finalize/{number}",
                     "identifiers": [{"type": "dns", "value": name} for name in order["names"]],
                     "authorizations": [f"{self.base}/authorization/{number}.{at}" for at in range(len(order["names"]))]}
        if order["status"] == "valid":
            described["certificate"] = f"{self.base}/certificate/{number}"
        return described

    def _order(self, number, _payload):
        if number not in self.orders:
            return problem(404, "malformed", "no such order")
        return Reply(200, self._describe(number))

    def _authorization(self, number, _payload):
        order, at = number.split(".")
        is_valid = int(at) in self.orders[order]["proved"]
        name = self.orders[order]["names"][int(at)]
        status = "valid" if is_valid else "pending"
        return Reply(200, {"status": status, "identifier": {"type": "dns", "value": name},
                           "challenges": [{"type": kind, "url": f"{self.base}/challenge/{number}", "status": status,
                                           "token": f"token-{number.replace('.', '-')}-0123456789"}
                                          for kind in ("http-01", "dns-01", "tls-alpn-01")]})

    def _challenge(self, number, _payload):
        order, at = number.split(".")
        self.orders[order]["proved"].add(int(at))
        return Reply(200, {"status": "processing"})

    def _finalize(self, number, payload):
        self.orders[number].update(status="valid", csr=decode(payload["csr"]))
        return Reply(200, self._describe(number))

    def _certificate(self, number, _payload):
        order = self.orders[number]
        with self._issuing:
            if "chain" not in order:
                order["chain"] = self._issue(order)
        return Reply(200, order["chain"].encode(), "application/pem-certificate-chain")

    def _issue(self, order):
        folder = self.place.folder
        with open(f"{folder}/request.der", "wb") as file:
            file.write(order["csr"])
        run("openssl", "req", "-inform", "DER", "-in", f"{folder}/request.der", "-out", f"{folder}/request.pem")
        if self.signs_key is not None:
            run("openssl", "req", "-new", "-key", self.signs_key, "-subj", "/CN=x", "-out", f"{folder}/request.pem")
        with open(f"{folder}/extensions", "w", encoding="utf-8") as file:
            names = ",".join(f"DNS:{name}" for name in self.names or order["names"])
            file.write(EXTENSIONS.format(names=names))
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=self.starts_before_s)
        end = start + datetime.timedelta(seconds=self.life_s)
        run("openssl", "ca", "-batch", "-notext", "-config", f"{folder}/ca.cnf", "-cert", f"{folder}/root.pem",
            "-keyfile", f"{folder}/root.key", "-in", f"{folder}/request.pem", "-out", f"{folder}/issued.pem",
            "-subj", "/CN=issued", "-extfile", f"{folder}/extensions", "-startdate", start.strftime("%Y%m%d%H%M%SZ"),
            "-enddate", end.strftime("%Y%m%d%H%M%SZ"))
        with open(f"{folder}/issued.pem", encoding="utf-8") as leaf, open(f"{folder}/root.pem", encoding="utf-8") as root:
            return leaf.read() + root.read()

    def _renewal(self, _number, _payload):
        start, end = self.window
        return Reply(200, {"suggestedWindow": {"start": start, "end": end}}, Retry_After="3600")

    def _revoke(self, _number, _payload):
        return problem(403, "unauthorized")
