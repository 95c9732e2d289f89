"""Calls to other services: replies, kept connections, retries, redirects, streams, and services that misbehave. Each has
an end in time, and an error that names the target and the cause."""

import gzip
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import harness
from harness import Server, check, check_equal, test, wait_for

(OK, WRONG, FORBIDDEN, UNREACHABLE, TIMEOUT, BROKEN, TOO_LARGE, REDIRECTS, STATUS, NOT_VALID, PAUSED, BUSY,
 NO_MEMORY) = range(13)

_server = []


def server():
    if not _server:
        _server.append(Server(name="fetch", env={"FAILURES": "1000000", "RETRY_PERCENT": "1000"}))
    return _server[0]


def ask(path, url, at=None, **more):
    query = urllib.parse.urlencode({"url": url, **more})
    return (at or server()).get(f"{path}?{query}")


def try_it(url, at=None, **more):
    reply = ask("/try", url, at, **more)
    check_equal(reply.status, 200, f"status of /try: {reply.text}")
    return json.loads(reply.body)


class Service:
    """A server whose every connection is given to `serve(connection, number)`, on a thread of its own."""

    def __init__(self, serve, tls=None, at=("127.0.0.1", 0)):
        self.serve, self.tls = serve, tls
        self.connections = 0
        self.requests = []
        self.listener = socket.create_server(at, backlog=2048)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self._open.append(connection)
            number = self.connections
            self.connections += 1
            threading.Thread(target=self._run, args=(connection, number), daemon=True).start()

    def _run(self, connection, number):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.serve(Peer(connection, self), number)
        except (OSError, ValueError):
            pass
        finally:
            try:
                connection.close()
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # also when a thread waits for a connection
        except OSError:
            pass
        self.listener.close()
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Peer:
    """The service's end of a connection."""

    def __init__(self, connection, service):
        self.connection, self.service = connection, service
        self.file = connection.makefile("rb")

    def request(self):
        """The next request: (line, headers, body); None at the end."""
        line = self.file.readline().decode().strip()
        if not line:
            return None
        headers = {}
        while (text := self.file.readline().decode("latin-1").strip()):
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while (size := int(self.file.readline(), 16)):
                body += self.file.read(size)
                self.file.readline()
            self.file.readline()
        else:
            body = self.file.read(int(headers.get("content-length", 0)))
        self.service.requests.append((line, headers, body))
        return line, headers, body

    def send(self, data):
        self.connection.sendall(data)

    def reply(self, body=b"", status="200 OK", *headers):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def wait_closed(self):
        self.connection.recv(1)


def always(body=b"ok", status="200 OK", *headers, tls=None):
    def serve(peer, _):
        while peer.request():
            peer.reply(body, status, *headers)
    return Service(serve, tls)


def once(data, close=True, tls=None):
    """Sends these bytes for a request; then closes, or stays silent."""
    def serve(peer, _):
        peer.request()
        peer.send(data)
        if not close:
            peer.wait_closed()
    return Service(serve, tls)


def refused_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# -- requests and replies --------------------------------------------------------------------------------------------

@test
def a_reply_has_its_status_headers_and_body():
    with always(b"made", "201 Made", "X-Seen: yes") as service:
        got = try_it(service.url + "/a?b=1")
        check_equal((got["status"], got["error"], got["body"], got["x"], got["attempts"]), (201, OK, "made", "yes", 1))
        check_equal(got["url"], service.url + "/a?b=1")
        line, headers, _ = service.requests[0]
        check_equal(line, "GET /a?b=1 HTTP/1.1")
        check_equal((headers["user-agent"], headers["accept"], headers["host"]),
                    ("tern", "*/*", service.url[7:]))
        check(len(headers["x-request-id"]) == 32, "the request's id is passed on")


@test
def a_valid_trace_is_passed_on_and_a_malformed_one_is_not():
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with always() as service:
        query = "/try?" + urllib.parse.urlencode({"url": service.url})
        server().get(query, f"traceparent: {trace}", "tracestate: a=b")
        server().get(query, "traceparent: 00-nonsense")
        check_equal(service.requests[0][1]["traceparent"], trace)
        check_equal(service.requests[0][1]["tracestate"], "a=b")
        check("traceparent" not in service.requests[1][1], "a malformed trace stays here")


@test
def connections_are_kept_for_the_next_call():
    with always() as service:
        for _ in range(5):
            check_equal(try_it(service.url)["status"], 200)
        check_equal(service.connections, 1)


@test
def a_kept_connection_that_the_service_closed_is_not_an_error():
    def serve(peer, _):
        peer.request()
        peer.reply(b"ok")
        peer.connection.shutdown(socket.SHUT_RDWR)
        closed.set()
    closed = threading.Event()
    with Service(serve) as service:
        for _ in range(5):
            closed.clear()
            check_equal(try_it(service.url, method="POST", body="x")["status"], 200)
            check(closed.wait(5), "the service has closed the connection")


@test
def typed_json_is_sent_and_read():
    with always(b'{"currency":"EUR","value":2.5,"more":[1,{"a":2}]}') as service:
        check_equal(ask("/rate", service.url).text, "EUR 2.5")
        check_equal(service.requests[0][1]["accept"], "application/json")
        ask("/post_rate", service.url + "/x?z=1")
        line, headers, body = service.requests[1]
        check_equal(line, "POST /x?z=1&a=1%20%26 HTTP/1.1")
        check_equal((headers["content-type"], body), ("application/json", b'{"currency":"EUR","value":2}'))
    with always(b'[{"currency":"EUR","value":2},{"currency":"USD","value":1}]') as service:
        check_equal(ask("/rates", service.url).text, "2")


@test
def forms_are_encoded_and_basic_credentials_sent():
    with always() as service:
        ask("/post_form", service.url)
        _, headers, body = service.requests[0]
        check_equal(body, b"a=x%20y&b=%C3%A9")
        check_equal(headers["content-type"], "application/x-www-form-urlencoded")
        check_equal(headers["authorization"], "Basic YW5uOnNlY3JldA==")


@test
def chunked_replies_and_replies_until_close_are_read():
    head = b"HTTP/1.1 200 OK\r\n"
    with once(head + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n") as service:
        check_equal(try_it(service.url)["body"], "abcde")
    with once(head + b"\r\nabcde") as service:
        check_equal(try_it(service.url)["body"], "abcde")
    with once(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n" + head + b"Content-Length: 1\r\n\r\na") as service:
        check_equal(try_it(service.url)["body"], "a")


@test
def a_reply_in_single_bytes_is_read():
    def serve(peer, _):
        peer.request()
        peer.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Seen: z\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
            peer.send(bytes([byte]))
            time.sleep(0.001)
    with Service(serve) as service:
        got = try_it(service.url)
        check_equal((got["body"], got["x"]), ("abc", "z"))


@test
def head_204_and_304_have_no_body():
    with once(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", close=False) as service:
        check_equal(try_it(service.url, method="HEAD")["body"], "")
    for status in (204, 304):
        with once(b"HTTP/1.1 %d X\r\n\r\n" % status, close=False) as service:
            check_equal(try_it(service.url)["status"], status)


@test
def names_are_looked_up_without_blocking():
    with always() as service:
        check_equal(try_it(f"http://localhost:{service.port}/")["body"], "ok")
    got = try_it("http://no-such-name.invalid/")
    check_equal((got["error"], got["status"]), (UNREACHABLE, 0))
    check("no-such-name.invalid" in got["problem"], got["problem"])


@test
def a_thousand_calls_run_at_once():
    with always() as service, Server(name="fetch", env={"PER_HOST": "1000"}) as own:
        check_equal(ask("/many", service.url, own, times=1000, timeout=20000).text, "1000")
        check(service.connections <= 1000, f"{service.connections} connections")


@test
def calls_to_a_host_wait_in_line_beyond_their_number():
    active, most, lock = [0], [0], threading.Lock()

    def serve(peer, _):
        while peer.request():
            with lock:
                active[0] += 1
                most[0] = max(most[0], active[0])
            time.sleep(0.01)
            with lock:
                active[0] -= 1
            peer.reply(b"ok")
    with Service(serve) as service, Server(name="fetch", env={"PER_HOST": "3"}) as own:
        check_equal(ask("/many", service.url, own, times=30).text, "30")
        check_equal(most[0], 3, "calls at once")
        check_equal(service.connections, 3)


@test
def a_full_line_is_refused_and_a_long_wait_is_late():
    with once(b"", close=False) as service, Server(name="fetch", env={"PER_HOST": "1", "WAITING": "1"}) as own:
        check_equal(ask("/many", service.url, own, times=3, timeout=200).text, "0")


@test
def idle_connections_are_closed():
    closed = threading.Event()

    def serve(peer, _):
        peer.request()
        peer.reply(b"ok")
        peer.wait_closed()
        closed.set()
    with Service(serve) as service, Server(name="fetch", env={"IDLE_MS": "100"}) as own:
        try_it(service.url, own)
        check(closed.wait(5), "the idle connection is closed")


# -- services that misbehave ------------------------------------------------------------------------------------------

def check_error(got, error, *words):
    check_equal((got["error"], got["status"]), (error, 0), f"error of {got['problem']!r}")
    for word in words:
        check(word in got["problem"], f"{word!r} in {got['problem']!r}")


@test
def a_refused_connection_is_unreachable_and_named():
    url = f"http://127.0.0.1:{refused_port()}/x"
    check_error(try_it(url + "?secret=1"), UNREACHABLE, "GET " + url, "refused")
    check("secret" not in try_it(url + "?secret=1")["problem"], "the query is not told")


@test
def a_silent_service_is_late():
    with once(b"", close=False) as service:
        began = time.monotonic()
        check_error(try_it(service.url, timeout=200), TIMEOUT, service.url, "200 ms")
        check(time.monotonic() - began < 3, "in time")


@test
def a_slow_body_is_late():
    def serve(peer, _):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            peer.send(b"a")
            time.sleep(0.05)
    with Service(serve) as service:
        check_error(try_it(service.url, timeout=300), TIMEOUT, "300 ms")


@test
def a_body_shorter_than_announced_is_broken():
    with once(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") as service:
        check_error(try_it(service.url), BROKEN, "before the end")


@test
def bytes_after_the_announced_body_end_the_connection():
    with once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", close=False) as service:
        check_equal(try_it(service.url)["body"], "ok")
        check_equal(try_it(service.url)["body"], "ok")
        check_equal(service.connections, 2)


@test
def malformed_replies_are_broken():
    for data in (b"\x16\x03\x01 nonsense\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad header\r\n\r\n",
                 b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                 b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                 b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab",
                 b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"HTTP/2 200\r\n\r\n", b""):
        with once(data) as service:
            got = try_it(service.url)
            check_equal((got["error"], got["status"]), (BROKEN, 0), f"error for {data!r}: {got['problem']}")


@test
def endless_headers_are_too_large():
    def serve(peer, _):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            peer.send(b"X-More: " + b"y" * 1000 + b"\r\n")
    with Service(serve) as service:
        check_error(try_it(service.url), TOO_LARGE, "64 KiB of headers")


@test
def bodies_above_the_limit_are_too_large_however_they_are_framed():
    big = b"z" * 2000
    for data in (b"Content-Length: 2000\r\n\r\n" + big, b"\r\n" + big,
                 b"Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + big + b"\r\n0\r\n\r\n"):
        with once(b"HTTP/1.1 200 OK\r\n" + data) as service:
            check_error(try_it(service.url, max=1000), TOO_LARGE, "1000 bytes")
        with once(b"HTTP/1.1 200 OK\r\n" + data) as service:
            check_equal(len(try_it(service.url, max=2000)["body"]), 2000)


# -- what handlers without error handling reply ------------------------------------------------------------------------

@test
def failed_calls_end_the_handler_and_tell_the_client_nothing_of_the_target():
    refused = f"http://127.0.0.1:{refused_port()}/secret-place"
    with once(b"", close=False) as silent, always(b"<html>") as html, always(b"", "204 No Content") as empty, \
            always(b'{"currency":3,"value":-1}') as wrong, always(b"no", "404 Not Found") as missing:
        for path, url, status, words in (("/plain", refused, 502, "refused"), ("/plain", silent.url, 504, "ms"),
                                         ("/rate", html.url, 502, "is not JSON"), ("/rate", empty.url, 502, "no body"),
                                         ("/rate", wrong.url, 502, "reply.currency"), ("/rate", missing.url, 502, "404"),
                                         ("/plain", "gopher://x/", 500, "only http")):
            reply = ask(path, url, timeout=200)
            check_equal(reply.status, status, f"status for {words}")
            check("127.0.0.1" not in reply.text and "secret" not in reply.text, reply.text)
            server().wait_logged(words)
        server().wait_logged("secret-place")
        server().wait_logged("reply.value")


@test
def a_call_ends_before_the_time_of_its_request():
    with once(b"", close=False) as service:
        reply = ask("/short", service.url, timeout=5000)
        check_equal(reply.status, 504)


@test
def a_call_is_cancelled_when_the_client_leaves():
    gone = threading.Event()

    def serve(peer, _):
        peer.request()
        arrived.set()
        peer.wait_closed()
        gone.set()
    arrived = threading.Event()
    with Service(serve) as service:
        client = server().connect()
        client.send(f"GET /left?{urllib.parse.urlencode({'url': service.url, 'timeout': 20000})} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        check(arrived.wait(5), "the call has arrived")
        client.reset()
        check(gone.wait(5), "the connection to the service is closed")
        server().wait_logged("the handler of /left has ended")


@test
def a_call_over_tls_is_cancelled_when_the_client_leaves():
    gone, arrived = threading.Event(), threading.Event()

    def serve(peer, _):
        peer.request()
        arrived.set()
        try:
            peer.wait_closed()
        finally:
            gone.set()
    with Certificates() as made, Service(serve, made.context()) as service:
        client = server().connect()
        query = urllib.parse.urlencode({"url": service.url, "ca": made.ca, "timeout": 20000})
        client.send(f"GET /left?{query} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        check(arrived.wait(5), "the call has arrived")
        client.reset()
        check(gone.wait(5), "the connection to the service is closed")


@test
def an_endless_stream_does_not_prolong_a_pause():
    works = [False]

    def serve(peer, _):
        while (request := peer.request()):
            if "/stream" in request[0]:
                peer.send(b"HTTP/1.1 200 OK\r\n\r\ndata: a\n\n")
                peer.wait_closed()
            peer.reply(b"", "200 OK" if works[0] else "503 Busy")
    with Service(serve) as service, Server(name="fetch", env={"FAILURES": "2", "PAUSE_MS": "100"}) as own:
        for _ in range(2):
            try_it(service.url, own)
        check_error(try_it(service.url, own), PAUSED)
        works[0] = True
        end = time.monotonic() + 0.15
        wait_for(lambda: time.monotonic() > end, text="the pause is over")
        with own.connect() as client:
            client.send(f"GET /stream?{urllib.parse.urlencode({'url': service.url + '/stream'})} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
            got = b""
            while b"data: a" not in got:
                got += client.take(1)
            check_equal(try_it(service.url, own)["status"], 200)


# -- retries, hedging, pauses ------------------------------------------------------------------------------------------

def failing_first(failures, status="503 Busy", *headers):
    count, lock = [0], threading.Lock()

    def serve(peer, _):
        while peer.request():
            with lock:
                count[0] += 1
                fails = count[0] <= failures
            if fails and status is None:
                return
            peer.reply(b"" if fails else b"ok", status if fails else "200 OK", *(headers if fails else ()))
    return Service(serve)


@test
def idempotent_calls_are_retried_and_others_are_not():
    for status in ("503 Busy", "502 Bad", "429 Slow", None):
        with failing_first(2, status) as service:
            got = try_it(service.url, retries=2)
            check_equal((got["status"], got["attempts"]), (200, 3), f"after {status}")
        with failing_first(1, status) as service:
            got = try_it(service.url, retries=2, method="POST", body="x")
            check_equal(len(service.requests), 1, f"POST after {status}")
        with failing_first(1, status) as service:
            got = try_it(service.url, retries=2, method="POST", body="x", header="Idempotency-Key: k1")
            check_equal((got["status"], len(service.requests)), (200, 2), f"POST with a key after {status}")
    with failing_first(5, "500 Bug") as service:
        check_equal(try_it(service.url, retries=2)["attempts"], 1, "attempts of a 500")


@test
def retry_after_is_honoured_within_the_time_of_the_call():
    with failing_first(1, "503 Busy", "Retry-After: 1") as service:
        began = time.monotonic()
        check_equal(try_it(service.url, retries=2)["status"], 200)
        check(time.monotonic() - began >= 1, "waits as asked")
    with failing_first(1, "503 Busy", "Retry-After: 3600") as service:
        check_equal(try_it(service.url, retries=2)["status"], 503)


@test
def retries_have_a_budget():
    with failing_first(1000) as service, Server(name="fetch", env={"FAILURES": "100000", "RETRY_PERCENT": "10"}) as own:
        for _ in range(40):
            try_it(service.url, own, retries=2)
        check(len(service.requests) <= 40 + 10 + 4, f"{len(service.requests)} requests of 40 calls")


@test
def a_second_attempt_is_made_when_the_first_is_slow():
    def serve(peer, number):
        peer.request()
        if number == 0:
            peer.wait_closed()
            cancelled.set()
        else:
            peer.reply(b"second")
    cancelled = threading.Event()
    with Service(serve) as service:
        got = try_it(service.url, hedge=50)
        check_equal((got["body"], got["attempts"]), ("second", 2))
        check(cancelled.wait(5), "the first attempt is cancelled")


@test
def a_failing_host_is_paused_and_then_tried_by_one_call():
    works = [False]

    def serve(peer, _):
        while peer.request():
            peer.reply(b"", "200 OK" if works[0] else "503 Busy")
    with Service(serve) as service, Server(name="fetch", env={"FAILURES": "3", "PAUSE_MS": "300"}) as own:
        for _ in range(3):
            check_equal(try_it(service.url, own)["status"], 503)
        check_error(try_it(service.url, own), PAUSED, "3 failures in a row")
        check_equal(len(service.requests), 3, "requests while it is paused")
        check_equal(ask("/plain", service.url, own).status, 503)
        works[0] = True
        wait_for(lambda: try_it(service.url, own)["status"] == 200, text="it is tried again")
        check_equal(len(service.requests), 4)


# -- redirects ---------------------------------------------------------------------------------------------------------

def redirecting(status, where):
    def serve(peer, _):
        while (request := peer.request()):
            if request[0].split()[1] == "/end":
                peer.reply(b"end")
            else:
                peer.reply(b"", f"{status} X", f"Location: {where}")
    return Service(serve)


@test
def redirects_are_followed_with_the_right_method():
    for status, method, line, body in ((302, "GET", "GET", b""), (302, "POST", "GET", b""), (303, "PUT", "GET", b""),
                                       (307, "POST", "POST", b"data"), (308, "PUT", "PUT", b"data")):
        with redirecting(status, "../end") as service:
            got = try_it(service.url + "/a/b", method=method, body="data")
            check_equal((got["body"], got["url"]), ("end", service.url + "/end"), f"{status} {method}")
            check_equal(service.requests[1][0], f"{line} /end HTTP/1.1")
            check_equal(service.requests[1][2] if method != "GET" else b"", body)


@test
def circles_of_redirects_are_an_error_that_names_the_target():
    with redirecting(302, "/again") as service:
        check_error(try_it(service.url + "/x"), REDIRECTS, service.url, "more than 5")
        check_equal(len(service.requests), 6)
    with redirecting(302, "/again") as service:
        check_equal(try_it(service.url + "/x", redirects=-1)["status"], 302)


@test
def credentials_do_not_follow_a_redirect_to_another_host():
    with always(b"other") as other, redirecting(302, other.url + "/x") as service:
        try_it(service.url, header="Authorization: Bearer secret")
        check_equal(service.requests[0][1]["authorization"], "Bearer secret")
        check("authorization" not in other.requests[0][1], "no credentials for the other")


@test
def redirects_to_other_schemes_are_refused():
    with redirecting(302, "file:///etc/passwd") as service:
        check_error(try_it(service.url), BROKEN, "only http")


# -- services of several targets ---------------------------------------------------------------------------------------

def named(name, delay_s=0, status="200 OK"):
    """A service that replies with its name."""
    def serve(peer, _):
        while peer.request():
            if delay_s:
                time.sleep(delay_s)
            peer.reply(name.encode(), status)
    return Service(serve)


def balanced(*services, **env):
    return Server(name="fetch", env={"TARGETS": ",".join(s if isinstance(s, str) else s.url for s in services),
                                     "RETRY_PERCENT": "1000", **env})


def start_refused(**env):
    """What the server says that does not start."""
    done = subprocess.run([harness.program("fetch"), "--port", "0"], env={**os.environ, **env}, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    check(done.returncode != 0, f"it starts: {done.stdout.decode()}")
    return done.stdout.decode()


@test
def calls_of_a_service_go_to_all_its_targets():
    with named("a") as a, named("b") as b, named("c") as c, balanced(a, b, c) as own:
        got = [try_it("http://rates/x?y=1", own) for _ in range(60)]
        check_equal({g["status"] for g in got}, {200})
        for service in (a, b, c):
            check(5 <= len(service.requests) <= 40, f"{len(service.requests)} of 60 calls went to one target")
            line, headers, _ = service.requests[0]
            check_equal((line, headers["host"]), ("GET /x?y=1 HTTP/1.1", service.url[7:]))
            check_equal(service.connections, 1, "connections, which are kept")
        check_equal({g["url"] for g in got}, {s.url + "/x?y=1" for s in (a, b, c)})


@test
def a_slow_target_gets_fewer_calls():
    with named("slow", 0.5) as slow, named("fast", 0.02) as fast, balanced(slow, fast, PER_HOST="1000") as own:
        for _ in range(8):
            check_equal(ask("/many", "http://rates/", own, times=8).text, "8")
        with_load = len(slow.requests)
        check_equal(with_load, 32, "calls started at once are shared evenly")
    with once(b"", close=False) as slow, named("fast") as fast, balanced(slow, fast, FAILURES="100") as own:
        ask("/many", "http://rates/", own, times=20, timeout=1500)
        check(len(slow.requests) <= 12, f"{len(slow.requests)} of 20 calls went to the target that hangs")


@test
def a_retry_goes_to_another_target():
    with named("works") as works, balanced(f"http://127.0.0.1:{refused_port()}", works) as own:
        got = [try_it("http://rates/", own, retries=1) for _ in range(8)]
        check_equal({(g["status"], g["body"]) for g in got}, {(200, "works")})
        check(max(g["attempts"] for g in got) == 2, "some were retried")
    with named("busy", status="503 Busy") as busy, named("works") as works, balanced(busy, works) as own:
        got = [try_it("http://rates/", own, retries=1) for _ in range(8)]
        check_equal({(g["status"], g["body"]) for g in got}, {(200, "works")})


@test
def a_second_attempt_goes_to_another_target():
    with once(b"", close=False) as silent, named("works") as works, balanced(silent, works, FAILURES="100") as own:
        got = [try_it("http://rates/", own, hedge=30) for _ in range(8)]
        check_equal({g["body"] for g in got}, {"works"})
        check(any(g["attempts"] == 2 for g in got), "some had a second attempt")
        check(len(silent.requests) <= 8, "no second attempt went to the silent target again")


@test
def a_target_that_fails_is_left_out_for_a_growing_time():
    with named("bad", status="503 Busy") as bad, named("good") as good, \
            balanced(bad, good, FAILURES="2", PAUSE_MS="200") as own:
        def until(count):
            began = time.monotonic()
            wait_for(lambda: try_it("http://rates/", own) and len(bad.requests) >= count, text=f"{count} requests")
            return time.monotonic() - began
        until(2)
        for _ in range(20):
            check_equal(try_it("http://rates/", own)["body"], "good")
        pauses = [until(count) for count in (3, 4, 5)]
        check_equal(len(bad.requests), 5, "one call after each pause")
        for number, pause in enumerate(pauses):
            check(pause > 0.2 * number, f"pauses of {pauses} s")


@test
def at_most_half_of_the_targets_are_left_out():
    with named("a", status="503 Busy") as a, named("b", status="503 Busy") as b, \
            balanced(a, b, FAILURES="2", PAUSE_MS="60000") as own:
        got = [try_it("http://rates/", own) for _ in range(30)]
        check_equal({(g["status"], g["error"]) for g in got}, {(503, OK)})
        check(min(len(a.requests), len(b.requests)) < 15, "one is left out")


@test
def a_sole_target_is_paused_like_any_host():
    with named("a", status="503 Busy") as a, balanced(a, FAILURES="2", PAUSE_MS="60000") as own:
        for _ in range(2):
            check_equal(try_it("http://rates/", own)["status"], 503)
        check_error(try_it("http://rates/", own), PAUSED, "GET http://rates/", f"at {a.url}", "2 failures")


@test
def an_error_of_a_service_names_the_target():
    port = refused_port()
    with balanced(f"http://127.0.0.1:{port}") as own:
        check_error(try_it("http://rates/x?secret=1", own), UNREACHABLE, f"GET http://rates/x at http://127.0.0.1:{port}:")
        check_error(try_it("https://rates/", own), WRONG, "call http://rates/")


@test
def a_redirect_of_a_target_is_followed_there_and_cannot_name_a_service():
    with redirecting(302, "/end") as service, balanced(service) as own:
        got = try_it("http://rates/a", own, header="Authorization: Bearer x")
        check_equal((got["body"], got["url"]), ("end", service.url + "/end"))
        check_equal(service.requests[1][1].get("authorization"), "Bearer x")
    with named("inner") as inner, redirecting(302, "http://rates.invalid/") as service, \
            balanced(inner, SERVICE="rates.invalid") as own:
        check_equal(try_it("http://rates.invalid/", own)["body"], "inner")
        check_error(try_it(service.url + "/x", own), UNREACHABLE, "rates.invalid")
        check_equal(len(inner.requests), 1, "requests of the service")


@test
def a_url_of_a_user_cannot_name_a_service():
    with named("inner") as inner, balanced(inner, SERVICE="rates.invalid") as own:
        check_error(try_it("http://rates.invalid/", own, only_public="true"), UNREACHABLE, "rates.invalid")
        check_equal(len(inner.requests), 0)


@test
def targets_over_tls_are_checked_by_their_own_name():
    with Certificates() as made, always(b"tls", tls=made.context()) as service, balanced(service) as own:
        check_equal(try_it("http://rates/", own, ca=made.ca)["body"], "tls")
        check_error(try_it("http://rates/", own), UNREACHABLE, service.url)


@test
def a_service_that_is_declared_wrong_ends_the_start_with_a_reason():
    good = "http://127.0.0.1:1"
    for env, words in (({"TARGETS": ","}, "no targets"), ({"TARGETS": ",".join(f"http://a{i}" for i in range(65))}, "more than 64 targets"),
                       ({"TARGETS": good + ",ftp://x"}, 'the target "ftp://x"'), ({"TARGETS": "http://a/path"}, "without a path"),
                       ({"TARGETS": "10.0.0.1:80"}, 'the target "10.0.0.1:80"'), ({"TARGETS": "http://u:p@a"}, ".basic"),
                       ({"TARGETS": f"{good},{good}/"}, "given twice"), ({"TARGETS": "http://" + "a" * 1100}, "1,024"),
                       ({"TARGETS": good, "SERVICE": "a/b"}, "its name"), ({"TARGETS": good, "SERVICE": "Rates"}, "its name"),
                       ({"TARGETS": good, "SERVICE": "9"}, "its name"), ({"TARGETS": good, "TWICE": "1"}, "declared twice"),
                       ({"SRV": "rates.example"}, "_http._tcp.NAME"), ({"SRV": "_http._tcp."}, "_http._tcp.NAME"),
                       ({"SRV": "_http._tcp.a b"}, "_http._tcp.NAME")):
        check(words in (said := start_refused(**env)), f"{words!r} in {said!r}")


class NameServer:
    """Answers SRV queries from `records`, {name: [(priority, weight, port, host), ...]}; other names do not exist."""

    def __init__(self, ttl=300, **records):
        self.ttl, self.records, self.queries = ttl, {"_http._tcp.rates.test": list(records.get("rates", ()))}, 0
        self.is_silent = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            self.queries += 1
            if not self.is_silent:
                self.socket.sendto(self._answer(query), peer)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question = query[12:at + 5]
        found = self.records.get(".".join(labels))
        if isinstance(found, bytes):
            return query[:2] + found
        answer = query[:2] + (b"\x81\x80" if found is not None else b"\x81\x83")
        answer += struct.pack(">HHHH", 1, len(found or ()), 0, 0) + question
        for priority, weight, port, host in found or ():
            name = b"".join(bytes([len(label)]) + label.encode() for label in host.split(".") if label) + b"\0"
            data = struct.pack(">HHH", priority, weight, port) + name
            answer += b"\xc0\x0c" + struct.pack(">HHIH", 33, 1, self.ttl, len(data)) + data
        return answer

    def set(self, *rates):
        self.records["_http._tcp.rates.test"] = list(rates)

    def server(self, **env):
        return Server(name="fetch", env={"SRV": "_http._tcp.rates.test", "TERN_FETCH_RESOLVER": self.address,
                                         "RETRY_PERCENT": "1000", **env})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


@test
def targets_come_from_srv_records_by_priority_and_weight():
    with named("main") as main, named("more") as more, named("spare") as spare, \
            NameServer(rates=[(1, 90, main.port, "localhost"), (1, 10, more.port, "localhost."),
                              (2, 100, spare.port, "localhost")]) as names, names.server() as own:
        for _ in range(60):
            check_equal(try_it("http://rates/x", own)["status"], 200)
        check_equal(len(spare.requests), 0, "calls to the second priority")
        check(len(main.requests) > 40 and len(main.requests) + len(more.requests) == 60,
              f"{len(main.requests)} and {len(more.requests)} calls for weights 90 and 10")
        check_equal(main.requests[0][1]["host"], f"localhost:{main.port}")
        check_equal(names.queries, 1, "queries within the time to live")


@test
def a_retry_goes_to_the_next_priority():
    with named("spare") as spare, NameServer(rates=[(1, 1, refused_port(), "localhost"), (2, 1, spare.port, "localhost")]) as names, \
            names.server() as own:
        got = try_it("http://rates/", own, retries=1)
        check_equal((got["body"], got["attempts"]), ("spare", 2))


@test
def srv_records_are_looked_up_again_and_the_old_list_is_kept_when_that_fails():
    with named("old") as old, named("new") as new, NameServer(ttl=1, rates=[(0, 0, old.port, "localhost")]) as names, \
            names.server() as own:
        check_equal(try_it("http://rates/", own)["body"], "old")
        names.set((0, 0, new.port, "localhost"))
        wait_for(lambda: try_it("http://rates/", own)["body"] == "new", text="the new list")
        for wrong in (None, b"", b"\x81\x80" + b"\xff" * 40):
            if wrong is None:
                del names.records["_http._tcp.rates.test"]
            else:
                names.records["_http._tcp.rates.test"] = wrong
            before = names.queries
            wait_for(lambda: try_it("http://rates/", own)["body"] == "new" and names.queries > before, text="a query")
        own.wait_logged("the list before is used")
        check_equal(try_it("http://rates/", own)["body"], "new")


@test
def without_srv_records_a_call_says_why():
    with NameServer() as names, names.server() as own:
        check_error(try_it("http://rates/x?secret=1", own), UNREACHABLE, "http://rates/x", "_http._tcp.rates.test",
                    "no SRV record")
    with NameServer(rates=[(0, 0, 80, "127.0.0.1"), (0, 0, 0, "localhost"), (0, 0, 80, ".")]) as names, names.server() as own:
        check_error(try_it("http://rates/", own), UNREACHABLE, "no record names a host and a port")
    with NameServer() as names, names.server(SRV="_http._tcp.other.test") as own:
        check_error(try_it("http://rates/", own), UNREACHABLE, "no such name")


@test
def a_name_server_that_does_not_answer_delays_only_the_calls_that_wait_for_it():
    with NameServer() as names, always() as other, names.server() as own:
        names.is_silent = True
        check_error(try_it("http://rates/", own, timeout=200), TIMEOUT, "_http._tcp.rates.test", "200 ms")
        check_equal(try_it(other.url, own)["status"], 200)
        check_equal(ask("/many", "http://rates/", own, times=50, timeout=200).text, "0")


# -- streams -----------------------------------------------------------------------------------------------------------

@test
def a_stream_is_passed_on_piece_by_piece():
    go_on = threading.Event()

    def serve(peer, _):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        check(go_on.wait(5), "the first piece has arrived")
        peer.send(b"6\r\nsecond\r\n0\r\n\r\n")
    with Service(serve) as service, server().connect() as client:
        client.send(f"GET /stream?{urllib.parse.urlencode({'url': service.url})} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        got = b""
        while b"first" not in got:
            got += client.take(1)
        go_on.set()
        while b"second" not in got:
            got += client.take(1)


@test
def a_slow_reader_slows_the_service_down():
    sent = [0]

    def serve(peer, _):
        peer.request()
        peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n")
        for _ in range(40):
            peer.send(b"x" * 1000000)
            sent[0] += 1000000
    with Service(serve) as service:
        result = []
        thread = threading.Thread(target=lambda: result.append(ask("/slowly", service.url).text))
        thread.start()
        time.sleep(0.2)
        held_back = sent[0]
        thread.join()
        check_equal(result, ["40000000"])
        check(held_back < 20000000, f"{held_back} bytes were taken while nobody read")


@test
def a_stream_that_breaks_off_ends_the_handler():
    with once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc") as service:
        check_equal(ask("/slowly", service.url).status, 502)
    with once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", close=False) as service:
        check_equal(ask("/slowly", service.url, timeout=300).status, 504)


@test
def events_are_read():
    text = b"\xef\xbb\xbfdata: a\ndata: b\n\n: comment\r\nevent: tick\rid: 7\r\nretry: 50\ndata:c\r\n\r\ndata: lost"
    with once(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + text) as service:
        check_equal(ask("/events", service.url).text, "[message|a\nb||0][tick|c|7|50]")


@test
def a_produced_body_is_sent_as_it_comes():
    body = os.urandom(3000000)
    with always(b"stored") as service:
        reply = server().get("/upload?url=" + service.url, method="PUT", body=body)
        check_equal((reply.status, reply.text), (200, "stored"))
        line, headers, seen = service.requests[0]
        check_equal(line.split()[0], "PUT")
        check(seen == body, f"{len(seen)} bytes arrive unchanged")


@test
def a_jar_keeps_cookies_for_its_calls():
    def serve(peer, _):
        while (request := peer.request()):
            peer.reply(request[1].get("cookie", "none").encode(), "200 OK", "Set-Cookie: a=b")
    with Service(serve) as service:
        check_equal(ask("/cookies", service.url).text, "a=b")
        check_equal(ask("/cookies", service.url).text, "a=b")
        check_equal([r[1].get("cookie") for r in service.requests], [None, "a=b", None, "a=b"])


# -- the guard against requests to inner addresses -----------------------------------------------------------------------

@test
def threat_134_inner_addresses_are_refused_in_every_notation():
    with always() as service:
        port = service.port
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "0",
                     "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]", "127.0.0.1.", "10.0.0.1", "192.168.0.1",
                     "172.16.0.1", "169.254.169.254", "100.64.0.1", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]",
                     "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255", "198.51.100.7", "LOCALHOST", "localhost."):
            got = try_it(f"http://{host}:{port}/", only_public="true", timeout=2000)
            check(got["error"] in (FORBIDDEN, UNREACHABLE) and got["status"] == 0, f"{host}: {got}")
            if host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "169.254.169.254"):
                check_error(got, FORBIDDEN, "not of the public Internet")
        check_equal(service.connections, 0)


@test
def threat_134_a_kept_connection_to_an_inner_address_is_not_used_by_a_guarded_call():
    with always() as service:
        check_equal(try_it(service.url)["status"], 200)
        check_error(try_it(service.url, only_public="true"), FORBIDDEN)
        check_equal(len(service.requests), 1)


# How each carrier is reached: a name with a dot at its end is for libcurl to read.
CARRIERS = {"plain.c": "http://{}:{}/", "libcurl": "http://{}.:{}/"}


class Rebinding:
    """A server for which names have changing addresses, and the services at one port of a public and an inner one."""

    def __init__(self, public, inner, names):
        self.inner = Service(inner)
        self.public = Service(public, at=("127.0.0.2", self.inner.port))  # where tests/fault/names.c moves public ones
        shim = os.path.join(harness.ROOT, "build", harness.PRESET, "tests", "fault", "names.so")
        linked = subprocess.run(["ldd", harness.program("fetch")], capture_output=True, text=True, check=True).stdout
        asan = re.search(r"=> (\S*libasan\S*)", linked)
        self.server = Server(name="fetch", env={"TEST_NAMES": names, "LD_PRELOAD": f"{asan.group(1)} {shim}" if asan else shim,
                                                "FAILURES": "1000"})

    def call(self, form, name, **more):
        return try_it(form.format(name, self.inner.port), self.server, only_public="true", **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in (self.server, self.public, self.inner):
            end.__exit__(None, None, None)


def replying(body, *headers):
    def serve(peer, _):
        while peer.request():
            peer.reply(body, "200 OK", *headers)
    return serve


@test
def threat_134_a_name_that_changes_to_an_inner_address_is_refused_where_the_connection_is_made():
    for first, second in (("plain.c", "libcurl"), ("libcurl", "plain.c")):  # they look it up one after the other
        with Rebinding(replying(b"public", "Connection: close"), replying(b"inner"), "a.test=1.1.1.1;127.0.0.1") as r:
            check_equal(r.call(CARRIERS[first], "a.test")["body"], "public", f"by {first}")
            check_error(r.call(CARRIERS[second], "a.test"), FORBIDDEN, "a.test", "not of the public Internet")
            check_equal("accept-encoding" in r.public.requests[0][1], first == "libcurl", "whether libcurl has sent it")
            check_equal((len(r.public.requests), r.inner.connections), (1, 0), f"calls, {first} first")


@test
def threat_134_an_inner_address_beside_a_public_one_is_not_tried():
    for carrier, form in CARRIERS.items():
        for names in ("a.test=1.1.1.1,127.0.0.1", "a.test=127.0.0.1,1.1.1.1"):
            with Rebinding(replying(b"public"), replying(b"inner"), names) as r:
                check_equal(r.call(form, "a.test")["body"], "public", f"{carrier}, {names}")
                r.public.__exit__()  # now the public address refuses connections
                got = r.call(form, "a.test", timeout=3000)
                check(got["error"] in (UNREACHABLE, FORBIDDEN, BROKEN), f"{carrier}, {names}: {got}")
                check_equal(r.inner.connections, 0, f"connections to the inner address: {carrier}, {names}")


@test
def threat_134_a_redirect_to_a_name_with_an_inner_address_is_refused():
    for carrier, form in CARRIERS.items():
        for to_carrier, to_form in CARRIERS.items():
            def serve(peer, _, to=to_form):
                while (request := peer.request()):
                    if "b.test" in request[1]["host"]:
                        peer.reply(b"public, too")
                    else:
                        peer.reply(b"", "302 Found", "Location: " + to.format("b.test", peer.service.port))
            for addresses, error in (("127.0.0.1", FORBIDDEN), ("1.1.1.1", OK)):
                with Rebinding(serve, replying(b"inner"), f"a.test=1.1.1.1 b.test={addresses}") as r:
                    got = r.call(form, "a.test")
                    check_equal((got["error"], r.inner.connections), (error, 0), f"{carrier} to {to_carrier}: {got}")


@test
def threat_134_a_kept_connection_to_an_inner_address_is_not_used_by_a_guarded_call_of_either_carrier():
    for carrier, form in CARRIERS.items():
        with Rebinding(replying(b"public"), replying(b"inner"), "a.test=127.0.0.1;1.1.1.1") as r:
            check_equal(try_it(form.format("a.test", r.inner.port), r.server)["body"], "inner")
            got = r.call(form, "a.test")
            check(got["error"] == FORBIDDEN or got["body"] == "public", f"{carrier}: {got}")
            check_equal(len(r.inner.requests), 1, f"requests to the inner address: {carrier}")


@test
def a_guarded_call_ignores_proxies():
    with always() as service:
        got = try_it("http://127.0.0.1:1/", only_public="true", proxy=service.url)
        check_error(got, WRONG, ".proxy")
        with Server(name="fetch", env={"http_proxy": service.url}) as own:
            check_equal(try_it("http://127.0.0.1:1/", own)["body"], "ok")
            check_error(try_it("http://127.0.0.1:1/", own, only_public="true"), FORBIDDEN)
        check_equal(len(service.requests), 1)


@test
def line_ends_in_what_is_sent_are_refused():
    with always() as service:
        for more in ({"header": "A: b\r\nC: d"}, {"method": "GET / HTTP/1.1\r\nX: y"}, {"header": "no colon"},
                     {"header": "Host: other"}, {"header": "Content-Length: 3"}, {"header": "Transfer-Encoding: chunked"}):
            check_error(try_it(service.url, **more), WRONG)
        for url in (service.url + "/\r\nX: y", "http://a b/", "http://user:secret@127.0.0.1/", "", "ftp://x/", "/relative",
                    "http://127.0.0.1:99999/", "http://"):
            check_error(try_it(url), WRONG)
        check_equal(service.connections, 0)


# -- proxies and TLS -----------------------------------------------------------------------------------------------------

@test
def a_proxy_gets_the_whole_url():
    with always(b"by proxy") as proxy:
        check_equal(try_it("http://service.invalid/x?y", proxy=proxy.url)["body"], "by proxy")
        check_equal(proxy.requests[0][0], "GET http://service.invalid/x?y HTTP/1.1")
        env = {"http_proxy": proxy.url, "no_proxy": "127.0.0.1"}
        with Server(name="fetch", env=env) as own, always(b"direct") as service:
            check_equal(try_it("http://service.invalid/", own)["body"], "by proxy")
            check_equal(try_it(service.url, own)["body"], "direct")


class Certificates:
    """An authority, and a certificate for 127.0.0.1 and localhost, in a folder that is deleted at the end."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.ca = self._path("ca.pem")
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                  "/CN=Test CA", "-keyout", self._path("ca.key"), "-out", self.ca)
        self.cert, self.key = self.make("service", "subjectAltName=IP:127.0.0.1,DNS:localhost")

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _run(self, *words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)

    def make(self, name, extension):
        key, request, cert, more = (self._path(f"{name}.{end}") for end in ("key", "csr", "pem", "ext"))
        with open(more, "w", encoding="ascii") as file:
            file.write(extension)
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                  "-keyout", key, "-out", request)
        self._run("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._path("ca.key"), "-CAcreateserial",
                  "-days", "2", "-extfile", more, "-out", cert)
        return cert, key

    def context(self, asks=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


@test
def tls_is_verified():
    with Certificates() as made, always(b"tls", tls=made.context()) as service:
        check_equal(try_it(service.url, ca=made.ca)["body"], "tls")
        check_equal(try_it(service.url, ca=made.ca)["body"], "tls")
        check_equal(service.connections, 1, "connections of two calls")
        check_error(try_it(service.url), UNREACHABLE, "certificate")
        check_error(try_it(f"https://127.0.0.2:{service.port}/", ca=made.ca), UNREACHABLE)
        check_error(try_it(service.url, ca="/nowhere.pem"), WRONG)
        with redirecting(302, service.url) as plain:
            check_equal(try_it(plain.url, ca=made.ca)["body"], "tls")


@test
def a_redirect_from_https_to_http_is_refused():
    with Certificates() as made, always() as plain:
        with always(b"", "302 Found", f"Location: {plain.url}/x", tls=made.context()) as service:
            check_error(try_it(service.url, ca=made.ca), FORBIDDEN, "from https to http")
        check_equal(plain.connections, 0)


@test
def a_client_certificate_is_shown():
    with Certificates() as made, always(b"known", tls=made.context(asks=True)) as service:
        cert, key = made.make("client", "extendedKeyUsage=clientAuth")
        check_equal(try_it(service.url, ca=made.ca, cert=cert, key=key)["body"], "known")
        got = try_it(service.url, ca=made.ca, timeout=2000)
        check(got["error"] in (UNREACHABLE, BROKEN), f"without a certificate: {got}")


@test
def a_compressed_reply_counts_as_decoded():
    bomb = gzip.compress(b"\0" * 50_000_000)
    small = gzip.compress(b"small")
    with Certificates() as made:
        with always(bomb, "200 OK", "Content-Encoding: gzip", tls=made.context()) as service:
            check_error(try_it(service.url, ca=made.ca, max=1000000), TOO_LARGE)
        with always(small, "200 OK", "Content-Encoding: gzip", tls=made.context()) as service:
            check_equal(try_it(service.url, ca=made.ca)["body"], "small")
            check("gzip" in service.requests[0][1]["accept-encoding"], "gzip is offered")


@test
def services_that_misbehave_over_tls_are_errors_too():
    with Certificates() as made:
        for data, error, more in ((b"", BROKEN, {}), (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", BROKEN, {}),
                                  (b"nonsense\r\n\r\n", BROKEN, {}),
                                  (b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"z" * 2000, TOO_LARGE, {"max": 100}),
                                  (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70000 + b"\r\n\r\n", TOO_LARGE, {})):
            with once(data, tls=made.context()) as service:
                got = try_it(service.url, ca=made.ca, **more)
                check_equal((got["error"], got["status"]), (error, 0), f"error for {data[:40]!r}: {got['problem']}")
        with once(b"", close=False, tls=made.context()) as service:
            check_error(try_it(service.url, ca=made.ca, timeout=300), TIMEOUT)

    def never_shakes_hands(peer, _):
        while peer.connection.recv(4096):
            pass
    with Service(never_shakes_hands) as service:
        check_error(try_it(service.url.replace("http:", "https:"), timeout=300), TIMEOUT)


@test
def http_2_is_spoken_where_it_is_offered():
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    if not os.access(nginx, os.X_OK):
        raise harness.Skip("no nginx on this machine")
    with Certificates() as made:
        port = refused_port()
        config = os.path.join(made.folder, "nginx.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"""daemon off; master_process off; pid {made.folder}/pid; error_log stderr crit;
events {{}}
http {{ access_log off; client_body_temp_path {made.folder}/b; proxy_temp_path {made.folder}/p;
  fastcgi_temp_path {made.folder}/f; uwsgi_temp_path {made.folder}/u; scgi_temp_path {made.folder}/s;
  server {{ listen 127.0.0.1:{port} ssl http2; ssl_certificate {made.cert}; ssl_certificate_key {made.key};
    location / {{ return 200 "$server_protocol $connection"; }} }} }}""")
        process = subprocess.Popen([nginx, "-c", config, "-p", made.folder], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            url = f"https://127.0.0.1:{port}/"
            wait_for(lambda: try_it(url, ca=made.ca)["status"] == 200, text="nginx replies")
            seen, threads = [], []
            for _ in range(8):
                threads.append(threading.Thread(target=lambda: seen.append(try_it(url, ca=made.ca)["body"])))
                threads[-1].start()
            for thread in threads:
                thread.join()
            check(all(text.startswith("HTTP/2") for text in seen), f"versions: {seen}")
            check_equal(len(set(seen)), 1, "connections of calls at once")
        finally:
            process.terminate()
            process.wait()


class Toxiproxy:
    """A proxy between the caller and a service that spoils what it passes on."""

    def __init__(self, service):
        program = next((path for path in (os.environ.get("TOXIPROXY"), shutil.which("toxiproxy-server"),
                                          os.path.join(harness.ROOT, "build/tools/toxiproxy-server")) if path and os.access(path, os.X_OK)),
                       None)
        if program is None:
            raise harness.Skip("no toxiproxy-server: run scripts/setup test with Go installed")
        self.api, self.port = refused_port(), refused_port()
        self.process = subprocess.Popen([program, "-port", str(self.api)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._listens, text="toxiproxy listens")
        self._post("/proxies", {"name": "x", "listen": f"127.0.0.1:{self.port}", "upstream": f"127.0.0.1:{service.port}",
                                "enabled": True})
        self.url = f"http://127.0.0.1:{self.port}"

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.api)).close()
            return True
        except OSError:
            return False

    def _post(self, path, value):
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.api}{path}", json.dumps(value).encode(),
                                                           {"Content-Type": "application/json"}), timeout=5):
            pass

    def spoil(self, kind, **attributes):
        self._post("/reset", {})
        self._post("/proxies/x/toxics", {"type": kind, "stream": "downstream", "attributes": attributes})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


@test
def calls_over_a_spoiled_network_end_in_time_with_a_reply_or_an_error():
    with always(b"x" * 20000) as service, Toxiproxy(service) as network:
        url = network.url
        check_equal(try_it(url)["status"], 200)
        for kind, attributes, errors in (("latency", {"latency": 100, "jitter": 50}, (OK,)),
                                         ("slicer", {"average_size": 100, "size_variation": 50, "delay": 100}, (OK,)),
                                         ("slow_close", {"delay": 100}, (OK,)),
                                         ("latency", {"latency": 3000}, (TIMEOUT,)),
                                         ("bandwidth", {"rate": 1}, (TIMEOUT,)),
                                         ("timeout", {"timeout": 0}, (TIMEOUT,)),
                                         ("timeout", {"timeout": 50}, (BROKEN,)),
                                         ("limit_data", {"bytes": 5000}, (BROKEN,)),
                                         ("reset_peer", {"timeout": 0}, (BROKEN, UNREACHABLE))):
            network.spoil(kind, **attributes)
            began = time.monotonic()
            got = try_it(url, timeout=1000)
            check(got["error"] in errors, f"{kind} {attributes}: error {got['error']}: {got['problem']}")
            check(time.monotonic() - began < 4, f"{kind} {attributes} in time")
            check(got["error"] == OK or url in got["problem"], got["problem"])


@test
def a_new_worker_after_a_reload_calls_with_its_own_connections():
    with always() as service, Server(name="fetch") as own:
        check_equal(try_it(service.url, own)["status"], 200)
        before = own.worker_pids()
        own.signal(1)
        wait_for(lambda: own.worker_pids() and not set(own.worker_pids()) & set(before), text="a new worker")
        check_equal(try_it(service.url, own)["status"], 200)
        check_equal(service.connections, 2)


@test
def tests_of_applications_stub_the_services_that_they_call():
    def run(word):
        done = subprocess.run([harness.program("stubbed"), word], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)
        return done.returncode, done.stdout.decode()
    code, output = run("passes_")
    check_equal(code, 0, output)
    code, output = run("without_any_stub")
    check(code == 1 and "a test calls no network: add tern_stub_fetch" in output, output)
    code, output = run("that_fits")
    check(code == 1 and "no stub of the test fits GET https://rates.example/latest?to=EUR" in output, output)


@test
def replies_of_a_service_are_recorded_once_and_replayed_without_it():
    def serve(peer, _):
        while (request := peer.request()):
            body = b"\x00\xff" if "/bytes" in request[0] else f'reply "{len(peer.service.requests)}" \u00e9'.encode()
            peer.reply(body, "200 OK", "X-Seen: yes", "Set-Cookie: id=cookie-secret", "X-API-Key: key-secret")

    def run(word, **env):
        done = subprocess.run([harness.program("stubbed"), word], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False, env={**os.environ, "RECORD_FILE": path, **env})
        return done.returncode, done.stdout.decode()

    with tempfile.TemporaryDirectory() as folder, Service(serve) as service:
        path, url = os.path.join(folder, "calls.json"), {"SERVICE_URL": service.url}
        code, said = run("what_was_recorded", **url)
        check(code == 1 and f"{path} does not exist: run the test with TERN_RECORD=1" in said, said)
        check_equal(service.connections, 0, "connections without TERN_RECORD")

        code, first = run("what_was_recorded", **url, TERN_RECORD="1")
        check_equal((code, len(service.requests)), (0, 3), first)
        text = open(path, encoding="utf-8").read()
        check("secret" not in text, text)
        calls = json.loads(text)
        check_equal([(c["method"], c["url"], c["status"], c.get("body"), c.get("body_base64")) for c in calls],
                    [("GET", service.url + "/a?q=1%202", 200, 'reply "1" \u00e9', None),
                     ("GET", service.url + "/a?q=1%202", 200, 'reply "2" \u00e9', None),
                     ("GET", service.url + "/bytes?q=1%202", 200, None, "AP8=")])
        check_equal(calls[0]["headers"], ["X-Seen: yes"])
        check_equal(text.count("\n"), len(calls) + 2, "lines")

        code, again = run("what_was_recorded", **url)
        check_equal((code, again.replace("id=cookie-secret", "-")), (0, first.replace("id=cookie-secret", "-")), "output")
        for word in ("no_other_call", "no_call_more_often"):
            code, said = run(word, **url)
            no, place = ("no", "other") if word == "no_other_call" else ("no further", "a")
            check(code == 1 and f"{path} has {no} reply to GET {service.url}/{place}?q=1%202: run" in said, said)
        code, said = run("opens_two_files", **url)
        check(code == 1 and "a test has one file of recorded replies" in said, said)
        check_equal(len(service.requests), 3, "requests of all runs")

        for wrong in ("", "{}", "[", '[{"method":"GET"}]', '[{"method":"GET","url":"x","status":7,"headers":[]}]', text + "x"):
            open(path, "w", encoding="utf-8").write(wrong)
            code, said = run("what_was_recorded", **url)
            check(code == 1 and "is not what TERN_RECORD=1 has written" in said, f"{wrong[:60]!r}: {said}")
        path = os.path.join(folder, "none", "calls.json")
        code, said = run("what_was_recorded", **url, TERN_RECORD="1")
        check(code == 1 and "cannot be written: No such file" in said, said)
        path = folder
        code, said = run("what_was_recorded", **url)
        check(code == 1 and "cannot be read" in said, said)


def it_ends_cleanly():
    if _server:
        with _server.pop():
            pass


if __name__ == "__main__":
    sys.exit(harness.main(programs=("fetch", "stubbed"), last=(it_ends_cleanly,)))
