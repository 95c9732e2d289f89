#!/usr/bin/env python3
"""A handler that never has to wait does not delay others: runs each kind of call in a loop, with another client of the
same worker, in `busy`.

The loops end when the worker's other request stops them, so a loop that monopolises the worker is a time-out.
"""

import os
import sys
import tempfile
import threading
import time

import harness
import shared_postgres
from harness import Server, check, check_equal, test

FILE_BYTES = 64 << 30  # of a sparse file: more than a client can read in time


def serve(**env):
    folder = tempfile.mkdtemp()
    env.setdefault("TERN_DATABASE_URL", f"sqlite:{folder}/busy.db")
    return Server("--watchdog", "0", name="busy", env=env)


class Reader:
    """A client that reads its reply as fast as possible, on its own thread."""

    def __init__(self, server, request):
        self.client = server.connect()
        self.client.send(request)
        self.bytes, self.last = 0, b""
        self.has_begun = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            while piece := self.client.socket.recv(1 << 18):
                self.bytes += len(piece)
                self.last = (self.last + piece)[-64:]
                self.has_begun.set()
        except OSError:
            pass

    def wait(self):
        self._thread.join(harness.SLOWEST_S)
        check(not self._thread.is_alive(), "the loop's reply ends")
        return self.last


def request(path, method="GET", more=""):
    return f"{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{more}\r\n"


def stops(server, path, ending):
    loop = Reader(server, request(path))
    check_equal(server.get("/stop").text, "asked", "the other client's answer")
    check(loop.wait().endswith(ending), f"the loop went on to its end: {loop.last}")


def loops(server, paths, ending=b"stopped"):
    for path in paths:
        try:
            stops(server, path, ending)
        except (AssertionError, OSError) as error:
            raise AssertionError(f"{path}: {error}") from error


@test
def threat_123_a_stream_to_a_fast_reader_lets_others_run():
    with serve() as server:
        loops(server, ["/flush", "/write", "/empty-write", "/block"], b"0\r\n\r\n")


@test
def threat_123_channels_locks_and_tasks_that_never_wait_let_others_run():
    with serve() as server:
        loops(server, ["/own-channel", "/ping-pong", "/consume", "/closed-channel", "/lock", "/hand-over", "/permit",
                       "/wait", "/go", "/sleep", "/offload"])


@test
def threat_123_statements_that_never_wait_let_others_run_on_sqlite():
    with serve() as server:
        server.get("/seed")
        loops(server, ["/find", "/update", "/rows", "/one-row"])


@test
def threat_123_rows_that_have_arrived_let_others_run_on_postgresql():
    with serve(TERN_DATABASE_URL=shared_postgres.server().url()) as server:
        server.get("/seed")
        loops(server, ["/find", "/update", "/rows", "/one-row"])


@test
def threat_123_a_body_that_comes_fast_lets_others_run():
    with serve() as server:
        with server.connect() as sender:
            chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
            sender.send(request("/body", "POST", "Transfer-Encoding: chunked\r\n"))
            is_over = threading.Event()

            def pour():
                try:
                    while not is_over.is_set():
                        sender.send(chunk)
                except OSError:
                    pass  # it has read enough

            thread = threading.Thread(target=pour)
            thread.start()
            try:
                check_equal(server.get("/stop").text, "asked", "the other client's answer")
                check_equal(sender.read().text, "stopped", "the loop's answer")
            finally:
                is_over.set()
                thread.join()


@test
def threat_123_a_file_to_a_fast_reader_lets_others_run():
    with tempfile.NamedTemporaryFile() as hole:
        hole.truncate(FILE_BYTES)
        with serve(BUSY_FILE=hole.name) as server:
            loop = Reader(server, request("/file"))
            check(loop.has_begun.wait(harness.SLOWEST_S), "the file begins")
            check_equal(server.get("/ping").text, "pong", "the other client's answer")
            check(loop.bytes < FILE_BYTES, "the file is still being sent")
            loop.client.socket.shutdown(2)
            loop.wait()


@test
def threat_123_pipelined_requests_that_take_a_while_let_others_run():
    with serve() as server:
        count = 2000
        with server.connect(60) as busy:
            busy.send((request("/work").replace("Connection: close\r\n", "")) * count)
            busy.read()
            check_equal(server.get("/ping").text, "pong", "the other client's answer")
            answered = 1 + (busy.buffer + busy.socket.recv(1 << 20, 0x40)).count(b"HTTP/1.1 200") # MSG_DONTWAIT
            check(answered < count, f"the pipeline is still in work: {answered} answered")
            busy.reset()


@test
def many_busy_handlers_share_a_worker_with_a_client_that_is_answered_at_once():
    with serve() as server:
        loops_ = [Reader(server, request("/own-channel")) for _ in range(50)]
        with server.connect() as client:
            client.get("/ping")
            began = time.monotonic()
            for _ in range(20):
                check_equal(client.get("/ping").text, "pong", "a ping")
            taken_ms = (time.monotonic() - began) * 1000 / 20
        check(taken_ms < 50 * (10 if os.environ.get("TERN_TEST_PRESET", "debug") == "debug" else 1),
              f"a ping took {taken_ms:.1f} ms beside 50 busy handlers")
        server.get("/stop")
        for loop in loops_:
            loop.client.socket.close()


if __name__ == "__main__":
    sys.exit(harness.main())
