"""https: certificates, handshakes, clients of other people, reloads, and what must be refused."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import harness
from harness import Client, Server, Skip, check, check_equal, test, wait_for

ANY_PORT = ["--listen", "https://127.0.0.1:0"]


def openssl(*words, folder):
    done = subprocess.run(["openssl", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check_equal(done.returncode, 0, f"openssl {words[0]}: {done.stdout[-300:]!r}")


def make_certificate(folder, name, names=("localhost",), days=30, key="ec", signer=None, uses="serverAuth"):
    """Writes NAME.crt and NAME.key to `folder`; signed by itself, or by the certificate called `signer`."""
    kind = ["-newkey", "rsa:2048"] if key == "rsa" else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    signed = ["-CA", f"{signer}.crt", "-CAkey", f"{signer}.key"] if signer else []
    openssl("req", "-x509", *kind, "-nodes", "-subj", f"/CN={name}", "-days", str(days), "-keyout", f"{name}.key.new",
            "-out", f"{name}.crt.new", "-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names),
            *(["-addext", f"extendedKeyUsage={uses}"] if uses else []), *signed, folder=folder)
    os.rename(os.path.join(folder, f"{name}.key.new"), os.path.join(folder, f"{name}.key"))
    os.rename(os.path.join(folder, f"{name}.crt.new"), os.path.join(folder, f"{name}.crt"))


@contextlib.contextmanager
def certificates(*names):
    """A folder with a certificate for each name."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            make_certificate(folder, name, (f"{name}.example",))
        yield folder


def pair(folder, name):
    return ["--tls-cert", os.path.join(folder, f"{name}.crt"), "--tls-key", os.path.join(folder, f"{name}.key")]


def trusting(path=None):
    rules = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    rules.check_hostname = False
    rules.verify_mode = ssl.CERT_NONE
    if path:
        rules.verify_mode = ssl.CERT_REQUIRED
        rules.load_verify_locations(path)
    return rules


def connect(server, name=None, rules=None):
    plain = socket.create_connection((server.host, server.port), timeout=10)
    return (rules or trusting()).wrap_socket(plain, server_hostname=name)


def ask(tls, target="/", host="t", *lines):
    """One request and the whole reply, which closes."""
    head = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: close", *lines]
    tls.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
    reply = b""
    while data := tls.recv(65536):
        reply += data
    return reply.decode()


def shown(tls):
    """The common name of the server's certificate."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True)))
        file.flush()
        subject = subprocess.run(["openssl", "x509", "-noout", "-subject", "-in", file.name], capture_output=True,
                                 check=True).stdout.decode()
    return subject.strip().split("CN = ")[1]


def refused_start(*flags):
    """The line of a server that must not start."""
    server = Server(*flags, wait=False)
    try:
        check_equal(server.wait(), 1, "exit code")
    finally:
        server.process.kill()
        server._reader.join(5)
    check_equal(len(server.lines), 1, f"lines, of {server.lines}")
    return server.lines[0]


# -- certificates ----------------------------------------------------------------------------------------------------

@test
def https_serves_the_certificate_of_the_name_asked_for():
    with certificates("one", "two") as folder:
        with Server(*ANY_PORT, *pair(folder, "one"), *pair(folder, "two")) as server:
            for name in ("two", "one"):
                with connect(server, f"{name}.example") as tls:
                    check_equal(shown(tls), name)
                    check("hello" in ask(tls, host=f"{name}.example"), "the reply")


@test
def a_folder_of_certificates_is_served():
    with certificates("one", "two") as folder, Server(*ANY_PORT, "--tls-cert", folder) as server:
        with connect(server, "two.example") as tls:
            check_equal(shown(tls), "two")


@test
def threat_107_a_wrong_certificate_is_one_clear_line_and_exit_code_1():
    with certificates("one", "two") as folder:
        certificate, key = os.path.join(folder, "one.crt"), os.path.join(folder, "two.key")
        line = refused_start(*ANY_PORT, "--tls-cert", certificate, "--tls-key", key)
        check(f"cannot start: {key}: this private key is not the one of the certificate {certificate}" in line, line)
        line = refused_start(*ANY_PORT, "--tls-cert", certificate + "x")
        check(f"cannot start: {certificate}x: cannot be read: No such file or directory" in line, line)
        line = refused_start("--check", *ANY_PORT, "--tls-cert", certificate)
        check(f"{certificate}: contains no private key in PEM form" in line, line)
        line = refused_start(*ANY_PORT)
        check("--listen https://127.0.0.1:0: there is no certificate; give --tls-cert FILE" in line, line)
        line = refused_start("--listen", "http://127.0.0.1:0", "--tls-cert", certificate)
        check("--tls-cert: no listener speaks https; add one by --listen https://HOST:PORT" in line, line)
        line = refused_start(*ANY_PORT, *pair(folder, "one"), "--tls-client-auth", "required")
        check("--tls-client-auth: \"required\" needs the authorities" in line, line)
        line = refused_start(*ANY_PORT, *pair(folder, "one"), "--tls-key", key)
        check(f"--tls-key: {key} has no certificate" in line, line)
        line = refused_start(*ANY_PORT, *pair(folder, "one"), "--hsts", "a year")
        check("--hsts: \"a year\" is not auto, off, or like max-age=" in line, line)


# -- reloads ---------------------------------------------------------------------------------------------------------

def now_shown(server, name):
    with connect(server, name) as tls:
        return shown(tls)


def facts(server):
    with connect(server) as tls:
        return ask(tls, "/security")


@test
def threat_107_a_certificate_replaced_on_disk_is_served_by_every_worker_and_no_connection_is_lost():
    with certificates("one", "new") as folder, Server(*ANY_PORT, *pair(folder, "one"), workers=2) as server:
        with connect(server) as old:
            os.rename(os.path.join(folder, "new.crt"), os.path.join(folder, "one.crt"))
            time.sleep(0.1)  # the key follows its certificate a moment later, as it does in real renewals
            os.rename(os.path.join(folder, "new.key"), os.path.join(folder, "one.key"))
            for _ in range(5):  # in a row, so that both workers were asked
                wait_for(lambda: now_shown(server, "one.example") == "new", text="the new certificate")
            check("hello" in ask(old), "the old connection")
        check_equal(server.count_logged("the old certificate stays in use"), 0)
        check_equal(server.count_logged("changed certificates are in use"), 1)


@test
def threat_107_a_wrong_certificate_on_disk_is_logged_once_and_counted_and_the_old_one_stays():
    with certificates("one") as folder, Server(*ANY_PORT, *pair(folder, "one"), workers=2) as server:
        with open(os.path.join(folder, "one.crt"), "w", encoding="ascii") as file:
            file.write("not a certificate")
        wait_for(lambda: now_shown(server, None) == "one" and server.logged("the old certificate stays in use"),
                 text="the refusal")
        server.signal(signal.SIGHUP)
        server.wait_logged("reloaded")
        wait_for(lambda: "failures=1" in facts(server), text="the counter")
        check_equal(now_shown(server, None), "one")
        line = server.logged("the old certificate stays in use")
        check("one.crt: contains no certificate in PEM form" in line, line)
        check_equal(server.count_logged("the old certificate stays in use"), 1)


@test
def a_connection_of_tls_is_closed_with_its_worker_after_its_answer():
    with certificates("one") as folder, Server(*ANY_PORT, *pair(folder, "one")) as server, connect(server) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        check(b"hello" in tls.recv(65536), "an answer before the reload")
        server.signal(signal.SIGHUP)
        server.wait_logged("reloaded")

        def is_told_that_it_is_the_last():
            tls.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            reply = tls.recv(65536)
            check(b"hello" in reply, "an answer after the reload")
            return b"Connection: close" in reply

        wait_for(is_told_that_it_is_the_last, text="the old worker knows that it leaves")
        check_equal(tls.recv(100), b"", "the end, announced")


# -- refusals --------------------------------------------------------------------------------------------------------

@test
def threat_105_a_host_of_another_certificate_gets_421():
    with certificates("one", "two") as folder:
        with Server(*ANY_PORT, *pair(folder, "one"), *pair(folder, "two")) as server:
            with connect(server, "one.example") as tls:
                check("421 Misdirected Request" in ask(tls, host="two.example:443"), "421")
            with connect(server, "one.example") as tls:
                check("200 OK" in ask(tls, host="ONE.example:1234"), "200")


@test
def plain_http_on_the_port_of_https_is_told_so():
    with certificates("one") as folder, Server(*ANY_PORT, *pair(folder, "one")) as server:
        with socket.create_connection((server.host, server.port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            reply = plain.makefile("rb").read()
            check(reply.startswith(b"HTTP/1.1 400 Bad Request\r\n"), reply)
            check(b"This port speaks HTTPS" in reply, reply)


@test
def threat_059_a_handshake_that_is_not_finished_is_closed_at_its_deadline():
    with certificates("one") as folder:
        with Server(*ANY_PORT, *pair(folder, "one"), "--tls-handshake-timeout", "300ms") as server:
            for beginning in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"):
                began = time.monotonic()
                with socket.create_connection((server.host, server.port), timeout=10) as plain:
                    plain.sendall(beginning)
                    with contextlib.suppress(ConnectionResetError):
                        check_equal(plain.recv(100), b"", "nothing")
                check(0.25 < time.monotonic() - began < 5, "at the deadline")
            check_equal(now_shown(server, None), "one")


@test
def threat_059_more_handshakes_than_the_limit_are_closed_and_others_go_on():
    with certificates("one") as folder:
        with Server(*ANY_PORT, *pair(folder, "one"), "--tls-max-handshakes", "10") as server:
            begun = [socket.create_connection((server.host, server.port), timeout=10) for _ in range(10)]
            for plain in begun:
                plain.sendall(b"\x16\x03\x01\x02\x00\x01")
            with socket.create_connection((server.host, server.port), timeout=10) as late:

                def is_closed():
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        late.sendall(b"\x16")
                        late.settimeout(0.05)
                        try:
                            return late.recv(1) == b""
                        except TimeoutError:
                            return False
                    return True
                wait_for(is_closed, text="the close of the eleventh")
            server.wait_logged("too many TLS handshakes at once")
            for plain in begun:
                plain.close()
            wait_for(lambda: works(server), text="another handshake")


def works(server):
    try:
        return now_shown(server, None) == "one"
    except OSError:
        return False


@test
def a_client_certificate_is_required_and_the_handler_sees_it():
    with certificates("one") as folder:
        make_certificate(folder, "authority", uses=None)
        make_certificate(folder, "alice", ("alice.example",), signer="authority", uses="clientAuth")
        with Server(*ANY_PORT, *pair(folder, "one"), "--tls-client-ca", os.path.join(folder, "authority.crt")) as server:
            rules = trusting()
            rules.load_cert_chain(os.path.join(folder, "alice.crt"), os.path.join(folder, "alice.key"))
            with connect(server, rules=rules) as tls:
                check("scheme=https subject=CN=alice names=1 pem=1" in ask(tls, "/security"), "the facts")
            try:
                with connect(server) as tls:
                    ask(tls)
                raise AssertionError("a client without a certificate was served")
            except OSError:
                pass


# -- redirects -------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def both(*flags):
    """A server with a plain listener and one of https."""
    with certificates("one") as folder:
        flags = ["--listen", "http://127.0.0.1:0", *ANY_PORT, *pair(folder, "one"), *flags]
        with Server(*flags, wait=False) as server:
            server.wait_logged("https://")
            text = " ".join(server.lines)
            server.https_port = int(re.search(r"https://127\.0\.0\.1:(\d+)", text).group(1))
            server.http_port = int(re.search(r"http://127\.0\.0\.1:(\d+)", text).group(1))
            yield server


def plain_reply(server, target, host="example.org:8080"):
    caller = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=10)
    caller.request("GET", target, headers={"Host": host})
    reply = caller.getresponse()
    reply.read()
    caller.close()
    return reply


@test
def plain_requests_are_redirected_to_https_but_not_challenges_of_acme():
    with both("--redirect-https", "--https-port", "8443") as server:
        reply = plain_reply(server, "/a/b?c=d&e")
        check_equal(reply.status, 308)
        check_equal(reply.getheader("Location"), "https://example.org:8443/a/b?c=d&e")
        check_equal(plain_reply(server, "/.well-known/acme-challenge/x").status, 404)
    with both("--redirect-https", "--https-port", "443") as server:
        check_equal(plain_reply(server, "/", "[::1]").getheader("Location"), "https://[::1]/")


@test
def hsts_is_sent_over_tls_alone_and_as_set():
    cases = [((), None), (("--redirect-https",), "max-age=31536000"), (("--redirect-https", "--hsts", "off"), None),
             (("--hsts", "max-age=60; includeSubDomains"), "max-age=60; includeSubDomains")]
    for flags, expected in cases:
        with both(*flags) as server:
            server.host, server.port = "127.0.0.1", server.https_port
            with connect(server) as tls:
                found = re.search(r"Strict-Transport-Security: ([^\r]*)", ask(tls))
            check_equal(found.group(1) if found else None, expected, f"with {flags}")
            check_equal(plain_reply(server, "/").getheader("Strict-Transport-Security"), None)


# -- development -----------------------------------------------------------------------------------------------------

@test
def a_certificate_for_development_is_verified_with_the_authority_that_the_log_names():
    with tempfile.TemporaryDirectory() as folder:
        with Server(*ANY_PORT, "--tls-dev", env={"XDG_STATE_HOME": folder}) as server:
            path = re.search(r"curl --cacert (\S+authority\.pem)", server.wait_logged("curl --cacert")).group(1)
            done = subprocess.run(["curl", "-s", "--cacert", path, f"https://localhost:{server.port}/"],
                                  capture_output=True, check=False)
            check_equal(done.stdout, b"hello", f"curl ({done.returncode})")


# -- clients of other people -----------------------------------------------------------------------------------------

def program(name):
    if shutil.which(name) is None:
        raise Skip(f"no {name} on this machine")
    return name


@test
def openssl_s_client_and_curl_speak_every_version_and_resume():
    with certificates("one") as folder, Server(*ANY_PORT, *pair(folder, "one"), workers=2) as server:
        for version in ("1.2", "1.3"):
            done = subprocess.run([program("curl"), "-sk", f"--tlsv{version}", "--tls-max", version,
                                   f"https://127.0.0.1:{server.port}/"], capture_output=True, check=False)
            check_equal(done.stdout, b"hello", f"TLS {version}")
        kept = os.path.join(folder, "session")
        for flags in (["-sess_out", kept], ["-sess_in", kept]):
            done = subprocess.run(["openssl", "s_client", "-ign_eof", "-connect", f"127.0.0.1:{server.port}", "-tls1_2",
                                   *flags],
                                  input=b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", capture_output=True,
                                  check=False)
            check(b"hello" in done.stdout, "the reply")
        check(b"Reused, TLSv1.2" in done.stdout, "the second session is resumed, by whichever worker")


@test
def threat_105_sslscan_finds_no_old_version_and_no_suite_without_aead():
    with certificates("one") as folder, Server(*ANY_PORT, *pair(folder, "one")) as server:
        done = subprocess.run([program("sslscan"), "--no-colour", "--show-sigs", f"127.0.0.1:{server.port}"],
                              capture_output=True, timeout=120, check=False)
        found = done.stdout.decode()
        enabled = re.findall(r"^(\S+)\s+enabled$", found, re.MULTILINE)
        check_equal(sorted(enabled), ["TLSv1.2", "TLSv1.3"], "versions")
        suites = re.findall(r"^(?:Preferred|Accepted)\s+TLSv1\.\d\s+\d+ bits\s+(\S+)", found, re.MULTILINE)
        check(len(suites) >= 6, f"suites: {suites}")
        check_equal([suite for suite in suites if not re.search("GCM|CHACHA20", suite)], [], "suites without AEAD")
        check("Session renegotiation not supported" in found, "renegotiation")


@test
def node_reads_an_answer_over_https():
    with certificates("one") as folder, Server(*ANY_PORT, *pair(folder, "one")) as server:
        script = ("require('https').get({port:%d,host:'127.0.0.1',rejectUnauthorized:false},r=>{r.pipe(process.stdout)})"
                  % server.port)
        done = subprocess.run([program("node"), "-e", script], capture_output=True, timeout=60, check=False)
        check_equal(done.stdout, b"hello", done.stderr[-300:])


@test
def the_server_tests_of_http_1_pass_over_tls():
    """The whole file again, with servers and clients of https."""
    here = os.path.dirname(os.path.abspath(__file__))
    for name in ("test_http1.py", "test_app.py", "test_leaving.py"):
        done = subprocess.run([sys.executable, os.path.join(here, name)], env={**os.environ, "TERN_TEST_TLS": "1"},
                              capture_output=True, check=False)
        failed = [line for line in done.stdout.decode().splitlines() if line.startswith("not ok")]
        check_equal(failed, [], name)
        check_equal(done.returncode, 0, f"{name}: {done.stdout[-500:]!r}")


if __name__ == "__main__":
    sys.exit(harness.main())
