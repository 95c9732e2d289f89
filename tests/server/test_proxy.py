"""PROXY headers: what a proxy announces, alone and through nginx, HAProxy and curl."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

import harness
from harness import check, check_equal, test, wait_for
from ports import free_port

FILES = tempfile.TemporaryDirectory()
_next_file = iter(range(1000))

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LINE = b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 80\r\n"
BINARY = SIGNATURE + b"\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x01\xdc\x04\0\x50"
GET = b"GET /address HTTP/1.1\r\nHost: a\r\n\r\n"
LOCAL = "127.0.0.0/8"


def new_path():
    return os.path.join(FILES.name, f"s{next(_next_file)}")


def serve(*flags, networks=LOCAL, workers=1, **more):
    return harness.Server("--proxy-protocol", networks, *flags, name="listening", workers=workers, **more)


def address_of(server, header):
    return server.ask(header + GET).text


def is_refused(server):
    try:
        server.connect().close()
        return False
    except OSError:
        return True


def check_closed(server, data):
    """The server closes without an answer; a reset is as good, as unread bytes were lost."""
    with server.connect() as client:
        client.send_while_it_listens(data)
        with contextlib.suppress(ConnectionResetError):
            client.check_closed()


# -- what is announced -----------------------------------------------------------------------------------------------

@test
def the_announced_client_is_the_remote_address():
    with serve() as server:
        for header, address in (
                (LINE, "192.0.2.7"), (BINARY, "192.0.2.7"),
                (b"PROXY TCP6 2001:db8::7 ::1 56324 80\r\n", "2001:db8::7"),
                (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 56324 80\r\n", "192.0.2.7"),
                (SIGNATURE + b"\x21\x21\0\x24" + socket.inet_pton(socket.AF_INET6, "2001:db8::7") + bytes(16) + b"\0\1\0\2",
                 "2001:db8::7"),
                (SIGNATURE + b"\x21\x31\0\xd8" + b"/run/client".ljust(216, b"\0"), "unix:")):
            check_equal(address_of(server, header), address, "address")


@test
def a_header_that_names_no_client_leaves_the_peer():
    with serve() as server:
        for header in (b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN 192.0.2.7 192.0.2.1 56324 80\r\n", SIGNATURE + b"\x20\0\0\0",
                       SIGNATURE + b"\x20\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x01\xdc\x04\0\x50",
                       SIGNATURE + b"\x21\0\0\0", SIGNATURE + b"\x21\0\0\x03abc"):
            check_equal(address_of(server, header), "127.0.0.1", "address")


@test
def the_announced_client_is_that_of_every_request_of_the_connection():
    with serve() as server, server.connect() as client:
        client.send(LINE + GET + GET)
        check_equal([client.read().text, client.read().text], ["192.0.2.7"] * 2, "pipelined requests")
        check_equal(client.get("/address").text, "192.0.2.7", "a later request")


@test
def tlvs_are_skipped():
    tlvs = b"\x02\0\x0bexample.org" + b"\x04\x03\xe8" + bytes(1000)
    header = BINARY[:14] + (12 + len(tlvs)).to_bytes(2, "big") + BINARY[16:] + tlvs
    with serve() as server:
        check_equal(address_of(server, header), "192.0.2.7", "address")


@test
def threat_025_a_header_arrives_in_any_two_pieces():
    with serve() as server:
        for header in (LINE, BINARY):
            for at, client in harness.split_everywhere(server, header + GET):
                check_equal(client.read().text, "192.0.2.7", f"address after a split at {at}")


@test
def a_header_arrives_byte_by_byte():
    with serve() as server, server.connect() as client:
        for byte in BINARY:
            client.send(bytes([byte]))
            client.wait_taken()
        client.send(GET)
        check_equal(client.read().text, "192.0.2.7", "address")


@test
def the_announced_client_is_known_over_tls():
    home = {"HOME": FILES.name, "XDG_DATA_HOME": FILES.name, "XDG_CONFIG_HOME": FILES.name}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with serve("--listen", "https://127.0.0.1:0", "--tls-dev", env=home) as server:
        for header in (LINE, BINARY):
            for at in (0, 7, len(header)):
                with server.connect() as client:
                    client.send(header[:at])
                    client.wait_taken()
                    client.send(header[at:])
                    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
                    client.send(b"GET /address HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    check_equal(client.read().text, "192.0.2.7", "address")
        check_closed(server, b"\x16\x03\x01\x02\0\x01")


# -- who must send one -----------------------------------------------------------------------------------------------

@test
def threat_027_a_named_peer_without_a_header_is_closed():
    with serve() as server:
        for data in (GET, b"\x16\x03\x01\x02\0\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PROXY TCP4 1.2.3.4\r\n", b"\0"):
            check_closed(server, data)
        line = server.wait_logged("connection refused")
        check("without a valid PROXY header" in line and '"address":"127.0.0.1"' in line, f"the log's line: {line}")


@test
def threat_027_other_peers_are_served_as_without_and_may_not_announce():
    with serve(networks="192.0.2.0/24,2001:db8::/32,unix") as server:
        check_equal(server.ask(GET).text, "127.0.0.1", "address")
        check_equal(server.ask(LINE + GET).status, 400, "status of a header that was not asked for")
        check_equal(server.ask(BINARY + GET).status, 400, "status of a binary one")


@test
def threat_027_a_header_is_refused_where_none_is_expected():
    with harness.Server(name="listening") as server:
        check_equal(server.ask(GET).text, "127.0.0.1", "address")
        check_equal(server.ask(LINE + GET).status, 400, "status")


@test
def threat_027_hostile_lengths_are_refused_at_once():
    with serve() as server:
        for length in (b"\xff\xff", b"\x10\0", b"\0\x0b", b"\0\0"):
            check_closed(server, SIGNATURE + b"\x21\x11" + length + bytes(11))
        check_closed(server, b"PROXY UNKNOWN " + b"x" * 100)
        check_equal(address_of(server, LINE), "192.0.2.7", "the next client's address")


@test
def a_second_header_is_not_a_request():
    with serve() as server:
        check_equal(server.ask(LINE + LINE + GET).status, 400, "status")


@test
def proxies_over_a_socket_file_are_named_unix():
    path = new_path()
    with serve("--listen", f"unix:{path}", networks="unix") as server:
        check_equal(address_of(server, LINE), "192.0.2.7", "address")
        check_closed(server, GET)


@test
def ipv4_proxies_are_known_on_a_socket_of_both():
    with serve("--listen", "http://[::]:0", networks="127.0.0.1") as server:
        server.host = "127.0.0.1"
        check_equal(address_of(server, LINE), "192.0.2.7", "address")


# -- time, and the end -----------------------------------------------------------------------------------------------

@test
def threat_027_a_header_that_comes_too_slowly_is_closed():
    with serve("--head-timeout", "300ms") as server:
        with server.connect() as silent, server.connect() as slow:
            slow.send(LINE[:20])
            with contextlib.suppress(ConnectionResetError):
                silent.check_closed()
            with contextlib.suppress(ConnectionResetError):
                slow.check_closed()
        server.wait_logged("came too slowly")


@test
def the_head_after_a_header_has_its_own_time():
    with serve("--head-timeout", "300ms") as server, server.connect() as client:
        client.send(LINE + b"GET / HTTP/1.1\r\n")
        check_equal(client.read().status, 408, "status")


@test
def a_proxy_that_leaves_in_the_middle_is_closed():
    with serve() as server:
        for data in (b"", LINE[:10], BINARY[:14]):
            with server.connect() as client:
                client.send(data)
                client.half_close()
                with contextlib.suppress(ConnectionResetError):
                    client.check_closed()
        with server.connect() as client:
            client.send(LINE + GET)
            client.half_close()
            check_equal(client.read().text, "192.0.2.7", "the answer to one that has sent all")


@test
def a_reload_keeps_what_was_announced():
    with serve(workers=2) as server, server.connect() as idle, server.connect() as silent, server.connect() as begun:
        before = server.worker_pids()
        idle.send(LINE + GET)
        check_equal(idle.read().text, "192.0.2.7", "address")
        begun.send(BINARY[:20])
        begun.wait_taken()
        server.signal(signal.SIGHUP)
        server.wait_logged('"reloaded"')
        wait_for(lambda: not set(before) & set(server.worker_pids()), text="only new workers")
        check(int(idle.get("/").text) not in before, "a new worker serves the connection")
        check_equal(idle.get("/address").text, "192.0.2.7", "address after the reload")
        silent.send(BINARY + GET)
        check_equal(silent.read().text, "192.0.2.7", "address of one that had sent nothing")
        begun.send(BINARY[20:] + GET)
        check_equal(begun.read().text, "192.0.2.7", "address of one in the middle of its header")


@test
def a_new_program_keeps_what_was_announced():
    with serve(workers=1) as server, server.connect() as idle:
        before = server.worker_pids()
        idle.send(BINARY + GET)
        check_equal(idle.read().text, "192.0.2.7", "address")
        server.signal(signal.SIGUSR2)
        wait_for(lambda: server.count_logged("listening on") == 2, text="the new program")
        wait_for(lambda: not set(before) & set(server.worker_pids()), text="only new workers")
        check_equal(idle.get("/address").text, "192.0.2.7", "address")


@test
def connections_placed_with_another_worker_are_asked_for_their_header():
    with serve(workers=4) as server:
        clients, pids = [server.connect() for _ in range(40)], set()
        for client in clients:
            client.send(LINE + GET)
            check_equal(client.read().text, "192.0.2.7", "address")
            pids.add(client.get("/").text)
        for client in clients:
            client.close()
        check(len(pids) > 1, "several workers")


@test
def a_stopping_server_waits_for_a_header_only_briefly():
    with serve() as server, server.connect() as silent, server.connect() as late:
        late.send(LINE[:5])
        late.wait_taken()
        check_equal(address_of(server, LINE), "192.0.2.7", "address")
        server.signal(signal.SIGTERM)
        wait_for(lambda: is_refused(server), text="the end of listening")
        late.send(LINE[5:] + GET)
        check_equal(late.read().text, "192.0.2.7", "the answer")
        late.check_closed()
        silent.check_closed()
        check_equal(server.wait(8), 0, "exit code")


# -- settings --------------------------------------------------------------------------------------------------------

@test
def networks_with_a_mistake_are_one_line():
    for text, line in (
            ("proxy.example.org", 'is not a network: write an address, like 10.0.0.0/8 or 2001:db8::/32, or unix'),
            ("10.0.0.1/8", "is not a network: its address has bits after its first 8; write 10.0.0.0/8"),
            ("10.0.0.0/33", "is not a network: after its slash is not a number from 0 to 32")):
        server = serve(networks=text, wait=False)
        check_equal(server.wait(), 1, "exit code")
        check_equal(server.lines, [f'listening: --proxy-protocol: "{text}" {line}'], "what it says")
    server = serve(networks=",".join(["10.0.0.0/8"] * 33), wait=False)
    check_equal(server.wait(), 1, "exit code")
    check_equal(server.lines, ["listening: --proxy-protocol: there are more than 32 networks"], "what it says")


# -- real proxies ----------------------------------------------------------------------------------------------------

class Proxy:
    """A foreign proxy, run in the foreground with a configuration file."""

    def __init__(self, command, config, path):
        if shutil.which(command[0]) is None:
            raise harness.Skip(f"{command[0]} is not installed")
        self.file = new_path()
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(config)
        self.path = path
        self.process = subprocess.Popen([*command, self.file], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def ask(self, data):
        def connect():
            if self.process.poll() is not None:
                raise AssertionError(f"the proxy has ended: {self.process.stderr.read().decode()[:500]}")
            client = socket.socket(socket.AF_UNIX)
            try:
                client.connect(self.path)
                return client
            except OSError:
                client.close()
                return None
        with wait_for(connect, text="the proxy listens") as client:
            client.settimeout(harness.SLOWEST_S)
            client.sendall(data)
            got = b""
            while piece := client.recv(65536):
                got += piece
            return got.split(b"\r\n\r\n", 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


# nginx of root would run as another user, who may not enter the folder of the sockets.
USER = "user root;" if os.geteuid() == 0 else ""
CLOSING = b"GET /address HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def check_through(proxy, address):
    head, body = proxy.ask(CLOSING)
    check(head.startswith(b"HTTP/1.1 200"), f"200, not {head[:60]}")
    check_equal(body.decode(), address, "address")


def haproxy(way, to):
    path = new_path()
    return Proxy(["haproxy", "-f"], f"""
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend in
    bind {path}
    default_backend out
backend out
    server tern {to} {way} check
""", path)


@test
def haproxy_announces_its_clients():
    socket_path = new_path()
    with serve("--listen", "http://127.0.0.1:0", "--listen", f"unix:{socket_path}", networks="127.0.0.1,unix") as server:
        for way in ("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2 proxy-v2-options crc32c,unique-id"):
            for to, at in ((f"127.0.0.1:{server.port}", "127.0.0.1"), (f"unix@{socket_path}", "unix:")):
                with haproxy(way, to) as proxy: # a client of a Unix socket: UNKNOWN, UNSPEC or AF_UNIX, by its version
                    head, body = proxy.ask(CLOSING)
                    check(head.startswith(b"HTTP/1.1 200"), f"{way} to {to}: 200, not {head[:60]}")
                    check(body.decode() in (at, "unix:"), f"{way} to {to}: {body}")


@test
def haproxy_announces_clients_of_tcp():
    port, socket_path = free_port(), new_path()
    with serve("--listen", f"unix:{socket_path}", networks="unix") as server:
        for way in ("send-proxy", "send-proxy-v2"):
            path = new_path()
            with Proxy(["haproxy", "-f"], f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen all
    bind {path}
    bind 127.0.0.1:{port}
    server tern unix@{socket_path} {way}
""", path) as proxy:
                proxy.ask(CLOSING)
                with socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.3", 0)) as client:
                    client.sendall(CLOSING)
                    got = b""
                    while piece := client.recv(65536):
                        got += piece
                check_equal(got.split(b"\r\n\r\n", 1)[1], b"127.0.0.3", "address")


@test
def nginx_announces_its_clients():
    module = "/usr/lib/nginx/modules/ngx_stream_module.so"
    if shutil.which("nginx") is None or not os.path.exists(module):
        raise harness.Skip("nginx or its stream module is not installed")
    port, path, socket_path = free_port(), new_path(), new_path()
    with serve("--listen", f"unix:{socket_path}", networks="unix") as server, Proxy(
            ["nginx", "-e", "stderr", "-c"], f"""
load_module {module};
{USER}
daemon off;
pid {new_path()};
events {{ }}
stream {{
    server {{
        listen unix:{path};
        listen 127.0.0.1:{port};
        proxy_pass unix:{socket_path};
        proxy_protocol on;
    }}
}}
""", path) as proxy:
        head, _ = proxy.ask(CLOSING)
        check(head.startswith(b"HTTP/1.1 200"), f"200, not {head[:60]}")
        with socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.3", 0)) as client:
            client.sendall(CLOSING)
            got = b""
            while piece := client.recv(65536):
                got += piece
        check_equal(got.split(b"\r\n\r\n", 1)[1], b"127.0.0.3", "address")


@test
def nginx_and_haproxy_pass_requests_to_a_socket_file():
    if shutil.which("nginx") is None:
        raise harness.Skip("nginx is not installed")
    path, socket_path = new_path(), new_path()
    with harness.Server("--listen", f"unix:{socket_path}", name="listening"):
        with Proxy(["nginx", "-e", "stderr", "-c"], f"""
{USER}
daemon off;
pid {new_path()};
events {{ }}
http {{
    access_log off;
    client_body_temp_path {FILES.name}/a; proxy_temp_path {FILES.name}/b; fastcgi_temp_path {FILES.name}/c;
    uwsgi_temp_path {FILES.name}/d; scgi_temp_path {FILES.name}/e;
    server {{
        listen unix:{path};
        location / {{ proxy_pass http://unix:{socket_path}:; proxy_http_version 1.1; }}
    }}
}}
""", path) as proxy:
            check_through(proxy, "unix:")
        with haproxy("", f"unix@{socket_path}") as proxy:
            check_through(proxy, "unix:")


@test
def curl_announces_itself():
    if shutil.which("curl") is None:
        raise harness.Skip("curl is not installed")
    with serve() as server:
        got = subprocess.run(["curl", "-s", "--haproxy-protocol", f"http://127.0.0.1:{server.port}/address"],
                             capture_output=True, text=True, check=True).stdout
        check_equal(got, "127.0.0.1", "address")


if __name__ == "__main__":
    sys.exit(harness.main())
