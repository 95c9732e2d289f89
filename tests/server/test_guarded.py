"""Browsers' rules over real sockets: forwarded clients through nginx and HAProxy, safe headers, CORS, CSRF, with curl and Node."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import harness
from harness import Server, Skip, check, check_equal, test, wait_for

FILES = tempfile.TemporaryDirectory()
_next_file = iter(range(1000))
USER = "user root;" if os.geteuid() == 0 else ""  # nginx of root would run as another user
APP = "https://app.example"


def new_path():
    return os.path.join(FILES.name, f"s{next(_next_file)}")


def serve(*flags, origins=APP, env=None, **more):
    return Server(*flags, name="guarded", env={"TEST_ORIGINS": origins, **(env or {})}, **more)


def ask(server, target="/who", *lines, method="GET"):
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "Connection: close", "Content-Length: 0"])
    if not any(line.lower().startswith("host:") for line in lines):
        head += "\r\nHost: example.org"
    return server.ask(head.encode() + b"\r\n\r\n", method=method)


def need(program):
    if shutil.which(program) is None:
        raise Skip(f"{program} is not installed")


# -- trusted proxies -------------------------------------------------------------------------------------------------

@test
def a_trusted_proxys_word_on_the_client_counts():
    with serve("--trusted-proxies", "127.0.0.0/8") as server:
        for lines, said in (
                ((), "127.0.0.1 http example.org"),
                (("X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https"), "192.0.2.7 https example.org"),
                (("X-Forwarded-For: 9.9.9.9, 192.0.2.7, 127.0.0.5",), "192.0.2.7 http example.org"),
                (("X-Forwarded-For: 2001:db8::7", "X-Forwarded-Host: evil.example"), "2001:db8::7 http example.org")):
            check_equal(ask(server, "/who", *lines).text, said, f"what is known after {lines}")


@test
def threat_090_forwarded_headers_of_other_peers_do_not_count():
    with serve("--trusted-proxies", "10.0.0.0/8,unix") as server:
        for line in ("X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example",
                     "Forwarded: for=192.0.2.7;proto=https;host=evil.example"):
            check_equal(ask(server, "/who", line).text, "127.0.0.1 http example.org", line)


@test
def threat_090_a_malformed_forwarded_header_is_refused():
    with serve("--trusted-proxies", "127.0.0.1", "--forwarded", "forwarded") as server:
        reply = ask(server, "/who", 'Forwarded: for=", for=192.0.2.7')
        check_equal((reply.status, "the Forwarded field is malformed" in reply.text), (400, True), "reply")


@test
def each_request_of_a_proxys_connection_has_its_own_client():
    with serve("--trusted-proxies", "127.0.0.1") as server, server.connect() as client:
        for address in ("192.0.2.7", "192.0.2.8"):
            check_equal(client.get("/who", f"X-Forwarded-For: {address}").text.split()[0], address, "address")
        check_equal(client.get("/who").text.split()[0], "127.0.0.1", "address of a request without one")


@test
def a_trusted_proxy_behind_one_that_announces_is_judged_by_its_own_address():
    with serve("--proxy-protocol", "127.0.0.1", "--trusted-proxies", "192.0.2.1") as server:
        request = b"GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.9\r\nConnection: close\r\n\r\n"
        for peer, said in (("192.0.2.1", "198.51.100.9"), ("192.0.2.2", "192.0.2.2")):
            reply = server.ask(f"PROXY TCP4 {peer} 192.0.2.9 5 80\r\n".encode() + request)
            check_equal(reply.text.split()[0], said, f"client of {peer}")


@test
def redirects_and_hsts_follow_what_the_client_spoke():
    with serve("--trusted-proxies", "127.0.0.1", "--redirect-https") as server:
        reply = ask(server, "/who?a=b", "X-Forwarded-Proto: http")
        check_equal((reply.status, reply.header("Location")), (308, "https://example.org/who?a=b"), "without TLS")
        reply = ask(server, "/who", "X-Forwarded-Proto: https")
        check_equal((reply.status, reply.header("Strict-Transport-Security")), (200, "max-age=31536000"), "with TLS")


@test
def settings_of_proxies_with_a_mistake_are_one_line():
    for flags, line in (
            (("--trusted-proxies", "proxy"), '--trusted-proxies: "proxy" is not a network: write an address, like 10.0.0.0/8 '
                                             'or 2001:db8::/32, or unix'),
            (("--forwarded", "x-real-ip"), '--forwarded: "x-real-ip" is not forwarded, x-forwarded (for and proto), '
                                           'x-forwarded-for, x-forwarded-proto, x-forwarded-host or x-forwarded-port'),
            (("--forwarded", "forwarded,x-forwarded-for"), '--forwarded: "forwarded" excludes the others: a client could send '
                                                           'those that the proxy does not set')):
        server = serve(*flags, wait=False)
        check_equal(server.wait(), 1, "exit code")
        check_equal(server.lines, [f"guarded: {line}"], "what it says")


class Proxy:
    """A foreign proxy on a socket file, run in the foreground with a configuration file."""

    def __init__(self, command, config, path):
        need(command[0])
        file_path = new_path()
        with open(file_path, "w", encoding="utf-8") as file:
            file.write(config)
        self.path = path
        self.process = subprocess.Popen([*command, file_path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def _connect(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the proxy has ended: {self.process.stderr.read().decode()[:500]}")
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(self.path)
            return client
        except OSError:
            client.close()
            return None

    def ask(self, target, *lines):
        with wait_for(self._connect, text="the proxy listens") as client:
            client.settimeout(harness.SLOWEST_S)
            head = "\r\n".join([f"GET {target} HTTP/1.1", "Host: shop.example", "Connection: close", *lines])
            client.sendall(head.encode() + b"\r\n\r\n")
            got = b""
            while piece := client.recv(65536):
                got += piece
            return got.split(b"\r\n\r\n", 1)[1].decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


@test
def nginx_forwards_its_clients():
    path, to = new_path(), new_path()
    with serve("--listen", f"unix:{to}", "--trusted-proxies", "unix"), Proxy(["nginx", "-e", "stderr", "-c"], f"""
{USER}
daemon off;
pid {new_path()};
events {{ }}
http {{
    access_log off;
    client_body_temp_path {FILES.name}/a; proxy_temp_path {FILES.name}/b; fastcgi_temp_path {FILES.name}/c;
    uwsgi_temp_path {FILES.name}/d; scgi_temp_path {FILES.name}/e;
    set_real_ip_from unix:;
    server {{
        listen unix:{path};
        location / {{
            proxy_pass http://unix:{to}:;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For "$http_x_forwarded_for, 192.0.2.7";
            proxy_set_header X-Forwarded-Proto https;
        }}
    }}
}}
""", path) as proxy:
        check_equal(proxy.ask("/who"), "192.0.2.7 https shop.example", "what the application knows")
        check_equal(proxy.ask("/who", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: http", "X-Forwarded-Host: evil.example",
                              "Forwarded: for=9.9.9.9;host=evil.example"),
                    "192.0.2.7 https shop.example", "what it knows of a client that lies")


def haproxy(to, rules):
    path = new_path()
    return Proxy(["haproxy", "-f"], f"""
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend in
    bind {path} accept-proxy
    default_backend out
backend out
    {rules}
    server tern unix@{to}
""", path)


@test
def haproxy_forwards_its_clients():
    to = new_path()
    announced = "PROXY TCP4 192.0.2.7 192.0.2.1 56324 80\r\n"
    with serve("--listen", f"unix:{to}", "--trusted-proxies", "unix"), haproxy(
            to, "option forwardfor\n    http-request set-header X-Forwarded-Proto https") as proxy:
        proxy_ask = announced_ask(proxy, announced)
        check_equal(proxy_ask(), "192.0.2.7 https shop.example", "what the application knows")
        check_equal(proxy_ask("X-Forwarded-For: 9.9.9.9"), "192.0.2.7 https shop.example", "of a client that lies")
    path = new_path()
    with serve("--listen", f"unix:{path}", "--trusted-proxies", "unix", "--forwarded", "forwarded"), haproxy(
            path, 'http-request add-header Forwarded "for=%[src];proto=https;host=%[req.hdr(host)]"') as proxy:
        proxy_ask = announced_ask(proxy, announced)
        check_equal(proxy_ask(), "192.0.2.7 https shop.example", "what the application knows by Forwarded")
        check_equal(proxy_ask("Forwarded: for=9.9.9.9;host=evil.example"), "192.0.2.7 https shop.example",
                    "of a client that lies")


def announced_ask(proxy, announcement):
    """Asks through a proxy that takes the client's address from a PROXY header."""
    def say(*lines):
        with wait_for(proxy._connect, text="the proxy listens") as client:
            client.settimeout(harness.SLOWEST_S)
            head = "\r\n".join(["GET /who HTTP/1.1", "Host: shop.example", "Connection: close", *lines])
            client.sendall(announcement.encode() + head.encode() + b"\r\n\r\n")
            got = b""
            with contextlib.suppress(ConnectionResetError):
                while piece := client.recv(65536):
                    got += piece
            return got.split(b"\r\n\r\n", 1)[-1].decode()
    return say


# -- safe headers ----------------------------------------------------------------------------------------------------

SAFE = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
OF_PAGES = {"X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"}


@test
def threat_096_replies_of_every_kind_have_safe_headers():
    with serve() as server:
        for target, method, pages in (("/json", "GET", False), ("/none", "GET", False), ("/plain", "POST", False),
                                      ("/plain", "GET", True), ("/plain", "HEAD", True), ("/image", "GET", True)):
            reply = ask(server, target, method=method)
            for name, value in SAFE.items():
                check_equal(reply.all(name), [value], f"{name} of {method} {target}")
            for name, value in OF_PAGES.items():
                check_equal(reply.all(name), [value] if pages else [], f"{name} of {method} {target}")
        malformed = server.ask(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n")
        check_equal((malformed.status, malformed.all("X-Content-Type-Options")), (400, ["nosniff"]), "a refusal")


@test
def problem_pages_for_browsers_have_the_policy():
    with serve() as server:
        reply = ask(server, "/none", "Accept: text/html")
        check_equal(reply.status, 404, "status")
        check(reply.header("Content-Security-Policy").startswith("default-src 'self'"), "the policy")


@test
def safe_headers_are_in_replies_over_http_2():
    need("curl")
    if "HTTP2" not in subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout:
        raise Skip("curl has no HTTP/2")
    with serve("--h2c") as server:
        for target, pages in (("plain", 1), ("json", 0)):
            head = subprocess.run(["curl", "-s", "-D", "-", "--http2-prior-knowledge", f"http://127.0.0.1:{server.port}/{target}"],
                                  capture_output=True, text=True, check=True).stdout.split("\n\n")[0]
            check(head.startswith("HTTP/2 200"), f"200, not {head}")
            check_equal(head.count("x-content-type-options: nosniff"), 1, f"nosniff of {target}")
            check_equal(head.count("x-frame-options: SAMEORIGIN"), pages, f"X-Frame-Options of {target}")


@test
def safe_headers_of_later_replies_on_a_connection_of_http_2_are_the_same():
    need("nghttp")
    with serve("--h2c") as server:
        base = f"http://127.0.0.1:{server.port}"
        got = subprocess.run(["nghttp", "-nv", f"{base}/json", f"{base}/plain", f"{base}/image"], capture_output=True, text=True,
                             check=True).stdout
    check_equal(got.count(" x-content-type-options: nosniff"), 3, "nosniff")
    check_equal(got.count(" x-frame-options: SAMEORIGIN"), 2, "X-Frame-Options")
    check_equal(got.count(" content-security-policy: default-src 'self'; base-uri"), 2, "policies")


# -- replies that Tern makes outside of the chain ----------------------------------------------------------------------

def allowed_to(reply):
    return reply.header("Access-Control-Allow-Origin")


def put_of(length, path="/json", origin=APP):
    return (f"PUT {path} HTTP/1.1\r\nHost: test\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n\r\n")


@test
def a_script_can_read_that_its_body_is_too_large():
    with serve() as server:
        reply = server.ask(put_of(10 ** 9))
        check_equal((reply.status, allowed_to(reply), reply.header("Vary"), reply.header("Access-Control-Expose-Headers")),
                    (413, APP, "Origin", "X-Total"), "reply")


@test
def a_script_can_read_that_its_body_came_too_slowly():
    with serve("--body-timeout", "100ms") as server:
        reply = server.ask(put_of(100) + "{")
        check_equal((reply.status, allowed_to(reply)), (408, APP), "reply")


@test
def a_script_can_read_that_its_chunks_are_malformed():
    with serve() as server:
        head = put_of(1).replace("Content-Length: 1", "Transfer-Encoding: chunked")
        reply = server.ask(head + "x\r\n")
        check_equal((reply.status, allowed_to(reply)), (400, APP), "reply")


@test
def a_script_can_read_that_the_time_is_over():
    with serve() as server:
        reply = server.get("/slow", f"Origin: {APP}")
        check_equal((reply.status, allowed_to(reply)), (503, APP), "reply")


@test
def a_script_can_read_that_the_server_stops():
    with serve("--drain-timeout", "100ms") as server, server.connect() as client:
        client.send(f"GET /held HTTP/1.1\r\nHost: test\r\nOrigin: {APP}\r\n\r\n")
        server.wait_logged("it waits")
        server.signal(signal.SIGTERM)
        reply = client.read()
        check_equal((reply.status, allowed_to(reply)), (503, APP), "reply")


@test
def another_sites_script_cannot_read_what_tern_refuses():
    with serve() as server:
        reply = server.ask(put_of(10 ** 9, origin="https://evil.example"))
        check_equal((reply.status, allowed_to(reply), reply.header("Vary")), (413, None, "Origin"), "reply")


@test
def a_method_that_tern_refuses_itself_has_the_headers_of_the_application():
    with serve() as server:
        reply = server.ask(f"TRACE / HTTP/1.1\r\nHost: test\r\nOrigin: {APP}\r\n\r\n")
        check_equal((reply.status, allowed_to(reply)), (501, APP), "reply")


@test
def a_malformed_head_is_refused_with_the_headers_of_the_application():
    with serve() as server:
        reply = server.ask(f"GET / HTTP/1.1\r\nOrigin: {APP}\r\n\r\n")
        check_equal((reply.status, reply.header("Vary")), (400, "Origin"), "reply")


@test
def a_groups_pieces_mark_what_tern_refuses_of_its_routes():
    with serve() as server:
        for reply, status in ((server.ask(put_of(10 ** 9, "/api/json", "https://api.example")), 413),
                              (server.get("/api/slow", "Origin: https://api.example"), 503)):
            check_equal((reply.status, allowed_to(reply), reply.header("Vary")), (status, "https://api.example", "Origin"),
                        "reply")
            check_equal((len(reply.header("X-Request-Id")), reply.header("Deprecation")), (32, "@1767225600"), "headers")


# -- CORS, CSRF, hosts, https ----------------------------------------------------------------------------------------

@test
def curl_sees_the_answer_to_a_preflight():
    need("curl")
    with serve() as server:
        got = subprocess.run(["curl", "-s", "-i", "-X", "OPTIONS", "-H", f"Origin: {APP}", "-H", "Access-Control-Request-Method: PUT",
                              "-H", "Access-Control-Request-Headers: content-type", f"http://127.0.0.1:{server.port}/json"],
                             capture_output=True, text=True, check=True).stdout
    for line in ("HTTP/1.1 204", f"Access-Control-Allow-Origin: {APP}", "Access-Control-Allow-Methods: GET, HEAD, PUT, OPTIONS",
                 "Access-Control-Allow-Headers: content-type", "Access-Control-Allow-Credentials: true", "Vary: Origin"):
        check(line in got, f"{line} in {got}")


@test
def fetch_of_node_is_not_a_browser_and_passes():
    need("node")
    script = """
const base = process.argv[1];
(async () => {
    const json = { method: "PUT", headers: { "Content-Type": "application/json", Origin: "https://app.example" } };
    const said = [];
    for (const request of [
        fetch(base + "/change", { method: "POST" }),
        fetch(base + "/change", { method: "POST", headers: { "Sec-Fetch-Site": "cross-site" } }),
        fetch(base + "/json", { ...json, body: '{"amount":3}' }),
        fetch(base + "/json", { headers: json.headers })]) {
        const reply = await request;
        said.push(reply.status + " " + reply.headers.get("access-control-allow-origin"));
    }
    console.log(said.join(", "));
})();
"""
    with serve() as server:
        got = subprocess.run(["node", "-e", script, f"http://127.0.0.1:{server.port}"], capture_output=True, text=True, check=False)
    check_equal(got.stdout.strip(), "200 null, 403 null, 403 https://app.example, 200 https://app.example", f"replies {got.stderr}")


@test
def threat_090_requests_for_other_hosts_are_refused():
    with serve(env={"TEST_HOSTS": "example.org, .shop.example"}) as server:
        for host, status in (("example.org", 200), ("a.shop.example", 200), ("evil.example", 400), ("127.0.0.1", 400)):
            check_equal(ask(server, "/who", f"Host: {host}").status, status, host)
        check_equal(server.ask(b"GET http://evil.example/who HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n").status,
                    400, "a host in the target")


@test
def threat_090_a_forwarded_host_must_be_allowed_too():
    with serve("--trusted-proxies", "127.0.0.1", "--forwarded", "x-forwarded-host",
               env={"TEST_HOSTS": "example.org, shop.example"}) as server:
        check_equal(ask(server, "/who", "X-Forwarded-Host: shop.example").text, "127.0.0.1 http shop.example", "an allowed one")
        check_equal(ask(server, "/who", "X-Forwarded-Host: evil.example").status, 400, "another one")


@test
def a_redirect_to_https_warns_of_a_proxy_that_is_not_trusted():
    with serve() as server:
        reply = ask(server, "/secure", "X-Forwarded-Proto: https")
        check_equal((reply.status, reply.header("Location")), (308, "https://example.org/secure"), "reply")
        server.wait_logged("name it by --trusted-proxies")


@test
def early_data_that_changes_something_is_425():
    with serve() as server:
        check_equal(ask(server, "/early", "Early-Data: 1", method="POST").status, 425, "status")
        check_equal(ask(server, "/early", method="POST").status, 200, "status after the handshake")


@test
def mistakes_in_options_end_the_program():
    server = serve(origins="https://app.example/", wait=False)
    check_equal(server.wait(), 1, "exit code")
    check('cors: .origins has "https://app.example/", which is not an origin: browsers send it as https://app.example'
          in "\n".join(server.lines), f"{server.lines}")


if __name__ == "__main__":
    sys.exit(harness.main())
