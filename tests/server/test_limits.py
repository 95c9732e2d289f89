"""Slow, numerous or large requests, clients that leave, and handlers that crash: limits apply and others are served."""

import json
import os
import random
import re
import signal
import socket
import sys
import tempfile
import threading
import time

import harness
from harness import Load, Server, check, check_equal, plain_only, shared, test, wait_for

# The server itself writes the crash report here: AddressSanitizer would print another one, slowly. Memory of a crashed
# or exited worker is not a leak.
CRASHES = {"ASAN_OPTIONS": "handle_segv=0:handle_sigbus=0:handle_abort=0:detect_leaks=0:detect_stack_use_after_return=0"}


def counted(server, name):
    return int(re.search(rf"{name}=(\d+)", server.get("/counters").text).group(1))


def wait_idle(server):
    """Waits until no request runs and all deferred calls have run."""
    wait_for(lambda: counted(server, "begun") == counted(server, "undone"), text="every handler has ended")


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


def open_sockets(pid):
    links = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            pass  # closed meanwhile
    return sum(link.startswith("socket:") for link in links)


# -- slow ------------------------------------------------------------------------------------------------------------

@test
@plain_only("400 handshakes take longer than its deadline")
def threat_055_hundreds_of_slow_heads_get_408_at_an_absolute_deadline_and_others_are_served():
    with Server("--head-timeout", "700ms") as server:
        began = time.monotonic()
        slow = [server.connect() for _ in range(400)]
        head = b"GET / HTTP/1.1\r\nHost: test\r\nX-Slow: " + b"y" * 1000
        sent, fastest = 0, 10.0
        while time.monotonic() < began + 0.6:
            for client in slow:
                client.send(head[sent:sent + 1])
            sent += 1
            asked = time.monotonic()
            check_equal(server.get("/").text, "hello", "others are served")
            fastest = min(fastest, time.monotonic() - asked)
        check(sent > 3, f"byte by byte: {sent}")
        for client in slow:
            reply = client.read()
            check_equal((reply.status, reply.closes), (408, True))
            client.check_closed()
        check(time.monotonic() - began < 5, "the deadline is absolute")
        check(server.count_logged("request refused") <= 40, "no flood of log lines")
        check_equal(server.get("/").text, "hello")


@test
def threat_055_a_silent_connection_is_closed():
    with Server("--head-timeout", "200ms") as server, server.connect() as client:
        client.check_closed()


@test
def threat_055_slow_heads_at_the_limit_make_room_for_others():
    with Server("--max-connections", "40", "--head-timeout", "60s") as server:
        slow = [server.connect() for _ in range(200)]
        for client in slow:
            client.send_while_it_listens(b"GET / HT")
        for _ in range(50):
            check_equal(server.get("/").text, "hello", "others are served")
        for client in slow:
            client.close()


@test
def threat_055_a_head_byte_by_byte_costs_linear_time():
    with Server("--max-head", "1M") as server, server.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: test\r\nX-Long: ")
        for _ in range(2000):
            client.send(b"yyyyyyyy")
        client.send(b"\r\n\r\n")
        check_equal(client.read().text, "hello")
        client.check_open()


@test
def one_client_that_never_stops_asking_does_not_keep_others_out():
    with Server() as server, server.connect() as greedy:
        is_over = threading.Event()

        def ask_for_ever():
            burst = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n" * 500
            while not is_over.is_set():
                greedy.send(burst)

        def take_for_ever():
            while not is_over.is_set():
                greedy.socket.recv(1 << 20)

        threads = [threading.Thread(target=work, daemon=True) for work in (ask_for_ever, take_for_ever)]
        for thread in threads:
            thread.start()
        for _ in range(30):
            check_equal(server.get("/").text, "hello", "others are served")
        is_over.set()
        for thread in threads:
            thread.join(5)


@test
def threat_056_a_body_that_takes_too_long_is_408():
    with Server("--body-timeout", "300ms") as server:
        for target in ("/echo", "/count"):
            for framing in ("Content-Length: 1000", "Transfer-Encoding: chunked"):
                with server.connect() as client:
                    client.send(f"POST {target} HTTP/1.1\r\nHost: t\r\n{framing}\r\n\r\n5\r\nhel")
                    began = time.monotonic()
                    reply = client.read()
                    check_equal((reply.status, reply.closes), (408, True), f"{target} {framing}")
                    check(time.monotonic() - began < 3, "in time")
                    client.check_closed()


@test
def threat_056_a_body_slower_than_the_least_rate_is_408_after_the_grace():
    with Server("--min-rate", "1M") as server, server.connect() as client:
        client.send("POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n")
        began, reply = time.monotonic(), None
        while not client.has_input(0.2):
            client.send_while_it_listens(b"x")
            check(time.monotonic() - began < 9, "within the grace of 5 s and a bit")
        reply = client.read()
        check_equal((reply.status, reply.closes), (408, True))
        check(time.monotonic() - began > 4, "not before the grace has passed")


@test
def threat_056_a_reader_slower_than_the_least_rate_is_dropped():
    with Server("--min-rate", "100M") as server:
        clients = []
        for target in ("/stream/endless", "/big?bytes=15000000"):
            client = server.connect(receive_buffer=4096)
            client.send(f"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n")
            clients.append(client)
        wait_for(lambda: counted(server, "begun") == 1, text="the stream has begun")
        began = time.monotonic()
        wait_idle(server)
        server.wait_logged('"path":"/big"')
        check(4 < time.monotonic() - began < 9, "after the grace of 5 s")
        for client in clients:
            try:
                client.read()
            except (ConnectionError, AssertionError):
                continue
            raise AssertionError("the reply looked whole")


@test
def threat_057_idle_connections_are_dropped_oldest_first_at_the_limit():
    with Server("--max-connections", "64") as server:
        idle = []
        for _ in range(300):
            client = server.connect()
            check_equal(client.get("/").status, 200)
            idle.append(client)
        for client in idle[:200]:
            client.check_closed()
        for client in idle[-20:]:
            client.check_open()
        for _ in range(20):
            check_equal(server.get("/").status, 200)


@test
def threat_057_an_idle_connection_ends_at_its_time():
    with Server("--idle-timeout", "200ms") as server, server.connect() as client:
        check_equal(client.get("/").status, 200)
        client.check_closed()


@test
def threat_057_busy_connections_are_not_dropped_for_new_ones():
    with Server("--max-connections", "32", "--head-timeout", "60s") as server:
        busy = [server.connect() for _ in range(10)]
        for client in busy:
            client.send("GET /sleep?ms=700 HTTP/1.1\r\nHost: t\r\n\r\n")
        idle = [server.connect() for _ in range(100)]
        for client in busy:
            check_equal(client.read().text, "rested")
        check_equal(server.get("/").status, 200)
        for client in idle:
            client.close()


@test
@plain_only("test_tls.py has the bound of a connection of TLS")
def threat_057_an_idle_connection_costs_little_memory():
    with Server(env={"ASAN_OPTIONS": "quarantine_size_mb=0:detect_stack_use_after_return=0"}) as server:
        worker = server.worker_pids()[0]
        for _ in range(200):
            server.get("/")
        before = memory_kib(worker)
        idle = [server.connect() for _ in range(2000)]
        for client in idle:
            client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        for client in idle:
            check_equal(client.read().status, 200)
        grown = memory_kib(worker) - before
        check(grown < 2000 * 2, f"{grown * 1024 // 2000} bytes for each idle connection")


# -- many ------------------------------------------------------------------------------------------------------------

@test
def threat_061_many_equal_and_similar_names_take_linear_time():
    with Server("--max-url", "64K", "--max-head", "128K") as server:
        query = "&".join(f"a{n}=1" for n in range(990))
        check_equal(server.get(f"/query?{query}&text=last").text, "n=-1 d=0.5 b=0 text=last second=(none)")
        check_equal(server.get(f"/query?{'text=1&' * 900}").status, 200)
        alike = [f"X-{'a' * 40}{n}: {n}" for n in range(90)]
        check_equal(server.get(f"/header?name=X-{'a' * 40}89", *alike).text, "89")
        check_equal(server.get("/header?name=X-Same&nth=89", *["X-Same: s"] * 90).text, "s")


@test
def threat_063_more_query_parameters_than_the_limit_are_refused():
    with Server("--max-url", "1M", "--max-head", "1M") as server:
        reply = server.get("/query?" + "&".join(["a"] * 1001))
        check_equal((reply.status, "more than 1000" in reply.text), (400, True))
        check_equal(server.get("/query?" + "&" * 500000).status, 200, "empty ones are none")
        check_equal(server.get("/query?" + "a&" * 500000).status, 400)
        check_equal(server.get("/?" + "a&" * 500000).status, 200, "where nobody reads them")


@test
def threat_063_a_hundred_thousand_cookies_take_linear_time():
    with Server("--max-head", "1M") as server:
        reply = server.get("/cookie?name=last", "Cookie: " + "; ".join(["a=b"] * 100000) + "; last=here")
        check_equal((reply.status, reply.text), (200, "here"))


# -- big -------------------------------------------------------------------------------------------------------------

@test
def threat_120_a_megabyte_of_path_is_refused_or_a_parameter_where_allowed():
    with Server() as server:
        check_equal(server.get(f"/length/{'x' * (1 << 20)}").status, 414)
        check_equal(server.get(f"/length/{'x' * 8000}").text, "8000")
    with Server("--max-url", "1M", "--max-head", "1M") as server:
        check_equal(server.get(f"/length/{'x' * 1000000}").text, "1000000")
        check_equal(server.get(f"/length/{'%41' * 300000}").text, "300000")
        check_equal(server.get(f"/rest{'/x' * 500000}").status, 200)
        check_equal(server.get(f"/nowhere{'/x' * 500000}").status, 404)


@test
def threat_068_a_file_truncated_while_it_is_sent_breaks_the_connection_and_nothing_else():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.truncate(64 << 20)
        with Server(env={"TEST_FILES": folder}) as server:
            with server.connect(receive_buffer=65536) as client:
                client.send("GET /files/file HTTP/1.1\r\nHost: t\r\n\r\n")
                client.take(100000)
                os.truncate(path, 1000)
                received = 100000
                try:
                    while data := client.socket.recv(1 << 20):
                        received += len(data)
                except ConnectionResetError:
                    pass
                check(received < 64 << 20, "less than announced, and the connection has ended")
            check_equal(server.get("/").text, "hello")
            check_equal(len(server.get("/files/file").body), 1000, "the file as it is now")


@test
@plain_only("tickets arrive before the reply")
def threat_068_a_file_grown_or_replaced_while_it_is_sent_keeps_its_length():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(b"a" * (16 << 20))
        with Server(env={"TEST_FILES": folder}) as server, server.connect(receive_buffer=65536) as client:
            client.send("GET /files/file HTTP/1.1\r\nHost: t\r\n\r\n")
            wait_for(lambda: client.has_input(0), text="the beginning")
            with open(path, "ab") as file:
                file.write(b"b" * 1000)
            with open(path + ".new", "wb") as file:
                file.write(b"c" * 1000)
            os.rename(path + ".new", path)
            check(client.read().body == b"a" * (16 << 20), "the file that was asked for")
            client.check_open()


# -- clients that leave ----------------------------------------------------------------------------------------------

@test
def threat_119_clients_that_leave_cancel_their_handlers():
    with Server() as server, server.connect() as first:
        worker = int(first.get("/pid").text)
        before = open_sockets(worker)
        for leave, line in (("close", ""), ("reset", ""), ("close", "Connection: close\r\n"), ("close", None)):
            clients = [server.connect() for _ in range(50)]
            for client in clients:
                client.send("GET /defer?ms=60000 HTTP/1.0\r\n\r\n" if line is None else
                            f"GET /defer?ms=60000 HTTP/1.1\r\nHost: t\r\n{line}\r\n")
            wait_for(lambda: counted(server, "begun") - counted(server, "undone") == 50, text="50 handlers wait")
            for client in clients:
                getattr(client, leave)()
            wait_idle(server)
            for client in clients:
                client.close()
        clients = [server.connect(receive_buffer=4096) for _ in range(20)]
        for client in clients:
            client.send("GET /stream/endless HTTP/1.1\r\nHost: t\r\n\r\n")
        wait_for(lambda: counted(server, "begun") - counted(server, "undone") == 20, text="20 streams")
        for number, client in enumerate(clients):
            client.reset() if number % 2 else client.close()
        wait_idle(server)
        wait_for(lambda: open_sockets(worker) == before, text="every socket is closed")
        check_equal(server.worker_pids(), [worker], "the worker is the same")


@test
def threat_119_a_stream_ends_when_its_client_has_left():
    with Server() as server:
        for version, line in (("1.1", "Host: t\r\n"), ("1.1", "Host: t\r\nConnection: close\r\n"), ("1.0", "")):
            with server.connect() as client:
                client.send(f"GET /stream/silent HTTP/{version}\r\n{line}\r\n")
                wait_for(lambda: b"piece" in client.buffer or client._more(), text="the stream has begun")
            wait_idle(server)


@test
def a_client_that_closes_its_side_gets_the_answer_it_waits_for():
    for line in ("", "Connection: close\r\n"):
        for ms in (0, 50, 1200):
            with shared().connect() as client:
                client.send(f"GET /defer?ms={ms} HTTP/1.1\r\nHost: t\r\n{line}\r\n")
                client.half_close()
                check_equal(client.read().text, "done", f"{ms} ms, {line!r}")
                client.check_closed()
    for ms in (0, 50, 1200):
        with shared().connect() as client:
            client.send(f"GET /defer?ms={ms} HTTP/1.0\r\n\r\n")
            client.half_close()
            check_equal(client.read().text, "done", f"HTTP/1.0, {ms} ms")


@test
def a_client_that_said_so_before_it_closed_its_side_gets_the_answer_in_one_piece():
    with shared().connect() as client:
        client.send("GET /defer?ms=300 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        client.half_close()
        check(client.socket.recv(100).startswith(b"HTTP/1.1 200 OK\r\n"), "the status line")


@test
def a_client_that_closes_its_side_later_or_after_several_requests_gets_every_answer():
    with shared().connect() as client:
        before = counted(shared(), "begun")
        client.send("GET /defer?ms=200 HTTP/1.1\r\nHost: t\r\n\r\n" * 3 + "GET /json HTTP/1.1\r\nHost: t\r\n\r\n")
        wait_for(lambda: counted(shared(), "begun") > before, text="the first handler waits")
        client.half_close()
        check_equal([client.read().text for _ in range(4)], ["done"] * 3 + ['{"hello":"world"}'])
        client.check_closed()
    with shared().connect() as client:
        client.send("GET /stream/slow?pieces=4&ms=150 HTTP/1.1\r\nHost: t\r\n\r\n")
        client.half_close()
        check_equal(client.read().text, "".join(f"piece {i}\n" for i in range(4)))
        client.check_closed()
    with shared().connect() as client:
        client.send("GET /defer?ms=200&fail=true HTTP/1.1\r\nHost: t\r\n\r\n")
        client.half_close()
        check_equal(client.read().status, 409)
    with shared().connect() as client:
        client.send("HEAD /defer?ms=200 HTTP/1.1\r\nHost: t\r\n\r\n")
        client.half_close()
        check_equal(client.read("HEAD").status, 200)
        client.check_closed()


@test
@plain_only("it looks at single packets")
def a_client_that_leaves_after_it_has_closed_its_side_ends_the_handler():
    with Server() as server:
        for line in ("", "Connection: close\r\n"):
            with server.connect() as client:
                client.send(f"GET /defer?ms=60000 HTTP/1.1\r\nHost: t\r\n{line}\r\n")
                client.half_close()
                wait_for(lambda: counted(server, "begun") - counted(server, "undone") == 1, text="the handler waits")
                client.socket.setblocking(False)
                wait_for(lambda: client.has_input(0), text="the first byte of the answer")
                check_equal(client.socket.recv(100)[:1], b"H")
            wait_idle(server)


@test
def a_late_handler_of_a_client_that_closed_its_side_is_503():
    with Server("--request-timeout", "300ms") as server, server.connect() as client:
        client.send("GET /defer?ms=60000 HTTP/1.1\r\nHost: t\r\n\r\n")
        client.half_close()
        check_equal(client.read().status, 503)


@test
def threat_119_storms_of_resets_at_every_stage_leak_nothing():
    stages = (b"", b"G", b"GET / HTTP/1.1\r\nHost: t\r\n", b"GET / HTTP/1.1\r\nHost: t\r\n\r\n",
              b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nhalf",
              b"POST /count HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
              b"GET /big?bytes=3000000 HTTP/1.1\r\nHost: t\r\n\r\n", b"GET /sleep?ms=5000 HTTP/1.1\r\nHost: t\r\n\r\n",
              b"GET /tasks/squares HTTP/1.1\r\nHost: t\r\n\r\n" * 50, b"\x00\xff" * 100,
              b"GET /tasks/offload HTTP/1.1\r\nHost: t\r\n\r\n", b"GET /stream?pieces=100000 HTTP/1.1\r\nHost: t\r\n\r\n")
    with Server() as server, server.connect() as first:
        worker = int(first.get("/pid").text)
        first.get("/tasks/offload")
        before = open_sockets(worker)
        for number in range(1000):
            client = server.connect()
            client.send(stages[number % len(stages)])
            if number % 5 == 0:
                client.wait_taken()
            client.reset()
        check_equal(server.get("/").text, "hello")
        wait_for(lambda: open_sockets(worker) == before, text="every socket is closed")
        check_equal(server.worker_pids(), [worker], "the worker is the same")


@test
def threat_119_work_on_a_thread_is_waited_for_when_its_client_leaves():
    with Server("--watchdog", "300ms") as server:
        clients = [server.connect() for _ in range(6)]
        for client in clients:
            client.send("GET /tasks/offload?ms=500 HTTP/1.1\r\nHost: t\r\n\r\n")
        wait_for(lambda: counted(server, "begun") == 6, text="work for every thread and more")
        for client in clients[:5]:
            client.reset()
        check_equal(clients[5].read().text, "500500", "the one who stayed")
        wait_idle(server)
        check_equal(server.count_logged("hangs"), 0, "threads at work do not look like a worker that hangs")


REQUESTS = (b"GET / HTTP/1.1\r\nHost: t\r\n\r\n", b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello",
            b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n",
            b"POST /count HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            b"POST /ignore HTTP/1.1\r\nHost: t\r\nContent-Length: 40\r\n\r\nhello",
            b"POST /small HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n12345678",
            *(f"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n".encode() for target in (
                "/stream?pieces=5", "/stream/broken", "/stream/endless", "/defer?ms=3", "/tasks/squares", "/tasks/offload",
                "/tasks/fail", "/tasks/lock", "/tasks/two", "/big?bytes=200000", "/rings/inside/fail", "/fail", "/hog",
                "/sleep/short?ms=100", "/reply/hostile", "/nowhere")))


def mutated(data, chance):
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(data)) if data else 0
        what = chance.randrange(4)
        if what == 0:
            data[at:at + 1] = bytes([chance.randrange(256)])
        elif what == 1:
            del data[at:at + chance.choice((1, 1, 2, 20))]
        elif what == 2:
            data[at:at] = bytes([chance.choice(b"\r\n :;,\x00\t%/0a")])
        else:
            data[at:at] = data[at:at + 30]
    return bytes(data)


def one_hostile_client(server, chance):
    """Sends some requests, perhaps broken, in some packets; then it reads some, closes, resets or sends its FIN."""
    with server.connect(chance.choice((0.01, 0.05, 1)), chance.choice((None, 4096))) as client:
        data = b"".join(chance.choice(REQUESTS) for _ in range(chance.choice((1, 1, 2, 5, 60))))
        if chance.random() < 0.5:
            data = mutated(data, chance)
        while data and chance.random() > 0.02:
            size = chance.choice((1, 3, 10, 100, 100000))
            client.send(data[:size])
            data = data[size:]
        leave = chance.randrange(5)
        if leave == 0:
            client.reset()
            return
        if leave == 1:
            client.half_close()
        for _ in range(chance.choice((0, 1, 100))):
            if not client.socket.recv(65536):
                break


@test
def threat_119_the_server_survives_hostile_clients_of_all_kinds():
    seed = int.from_bytes(os.urandom(4), "big")
    limits = ("--head-timeout", "300ms", "--body-timeout", "300ms", "--idle-timeout", "200ms", "--max-connections", "30")
    with Server(*limits) as server:
        worker, end = server.worker_pids(), time.monotonic() + 2

        def work(number):
            chance = random.Random(seed + number)
            while time.monotonic() < end:
                try:
                    one_hostile_client(server, chance)
                except OSError:
                    pass  # it was refused, reset or timed out

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_idle(server)
        check_equal(server.worker_pids(), worker, f"the worker is the same (seed {seed})")
        for line in server.lines:
            check(line.startswith('{"time":"') and line.endswith("}"), f"seed {seed}: {line[:300]}")


# -- crashes ---------------------------------------------------------------------------------------------------------

def crash(server, target, request_id):
    """Requests a crash; the connection must end without an answer. Returns the milliseconds until another request is
    answered."""
    with server.connect() as client:
        client.send(f"GET {target} HTTP/1.1\r\nHost: t\r\nX-Request-Id: {request_id}\r\n\r\n")
        try:
            data = client.rest()
        except ConnectionResetError:
            data = b""
        check_equal(data, b"", f"an answer of {target}")
    began = time.monotonic()
    check_equal(server.get("/").text, "hello", "the next request")
    return (time.monotonic() - began) * 1000


@test
def threat_108_a_crash_is_reported_with_its_request_and_handler_and_costs_100_ms_at_most():
    crashes = (("/crash/address?x=%0a", "crash_by_bad_address_run", "SIGSEGV"), ("/crash/abort", "crash_by_abort_run", "SIGABRT"),
               ("/crash/recursion", "deeper", "stack overflow"), ("/crash/alloca", "crash_by_alloca_run", "SIGSEGV"))
    quickest = {}
    for target, function, why in crashes:
        quickest[target] = crash_once(target, function, why)
    # A machine that is busy for a moment says nothing of Tern: the best of a few services counts.
    for _ in range(4):
        for target, function, why in crashes:
            if quickest[target] >= 100:
                quickest[target] = min(quickest[target], crash_once(target, function, why))
    check(max(quickest.values()) < 100, f"milliseconds until the next request was answered: {quickest}")


def crash_once(target, function, why):
    """Crashes the first worker of a new service, and reads the report; returns the milliseconds as `crash` does."""
    with Server(env=CRASHES) as server:
        milliseconds = crash(server, target, "the-crashing-one")
        event = json.loads(server.wait_logged("crashed:"))
        route = target.split("?")[0]
        for text in (f"GET {route}", f"route={route}", "request=the-crashing-one", why):
            check(text in event["message"], f"{text!r} in {event['message']!r}")
        check(function in event["backtrace"], f"{function} in {event['backtrace']}")
        check_equal(server.count_logged("crashed:"), 1, "one line")
        return milliseconds


@test
def threat_108_a_handler_that_exits_costs_its_worker_only():
    with Server(env=CRASHES) as server:
        crash(server, "/crash/exit?code=7", "the-leaving-one")
        event = json.loads(server.wait_logged("worker ended"))
        check_equal((event["how"], event["status"]), ("exit", 7))


@test
def threat_108_a_crash_costs_only_the_requests_of_its_worker():
    with Server(workers=2, env=CRASHES) as server:
        held = {}
        while len(held) < 2:
            client = server.connect()
            pid = client.get("/pid").text
            if pid in held:
                client.close()
            else:
                held[pid] = client
        (_, dying), (_, living) = held.items()
        living.send("GET /sleep?ms=300 HTTP/1.1\r\nHost: t\r\n\r\n")
        dying.send("GET /crash/abort HTTP/1.1\r\nHost: t\r\n\r\n")
        check_equal(living.read().text, "rested", "a request of the other worker")
        living.check_open()


@test
def threat_110_a_handler_that_never_ends_is_found_and_named():
    with Server("--watchdog", "300ms", env=CRASHES) as server:
        check(crash(server, "/crash/hang", "the-hanging-one") < 500, "the next request")
        event = json.loads(server.wait_logged("crashed:"))
        check("hang_run" in event["backtrace"], event["backtrace"])
        check("request=the-hanging-one" in event["message"], event["message"])


@test
def threat_109_requests_that_crash_again_and_again_do_not_end_the_service():
    with Server(workers=2, env=CRASHES) as server:
        for _ in range(5):
            with server.connect() as client:
                client.send("GET /crash/abort HTTP/1.1\r\nHost: t\r\n\r\n")
                try:
                    client.rest()
                except ConnectionResetError:
                    pass
        wait_for(lambda: is_served(server), text="the service is back")


def is_served(server):
    try:
        return server.get("/").status == 200
    except OSError:
        return False


@test
def threat_113_a_worker_above_its_memory_limit_is_replaced_without_a_lost_answer():
    with Server("--memory-limit", "1", "--drain-timeout", "5s", env=CRASHES) as server:
        load = Load(server, clients=2)
        wait_for(lambda: server.logged("above its memory limit"), text="the log line")
        load.wait_answers(50)
        load.end()
        check_equal(load.lost, [], "lost answers")


# -- reload and kill under load --------------------------------------------------------------------------------------

@test
def threat_116_reloads_under_load_lose_no_answer():
    with Server(workers=2) as server:
        loads = [Load(server, clients=3), Load(server, clients=3, target="/sleep?ms=30"),
                 Load(server, clients=2, target="/stream?pieces=20")]
        for load in loads:
            load.wait_answers(10)
        for number in range(3):
            known = set(loads[0].bodies)
            server.signal(signal.SIGHUP)
            loads[0].wait_new_body(known)
            wait_for(lambda: server.count_logged('"reloaded"') > number, text="the reload")
        for load in loads:
            load.wait_answers(10)
            load.end()
            check_equal(load.lost, [], f"lost answers for {load.target} of {load.answers}")


@test
@plain_only("a connection of TLS is not handed over")
def threat_116_a_slow_request_is_answered_and_its_connection_lives_across_a_reload():
    with Server() as server:
        old = server.worker_pids()
        with server.connect() as slow, server.connect() as idle:
            check_equal(idle.get("/pid").text, str(old[0]))
            slow.send("GET /defer?ms=400 HTTP/1.1\r\nHost: t\r\n\r\n")
            wait_for(lambda: counted(server, "begun") == 1, text="the slow request is in work")
            server.signal(signal.SIGHUP)
            check_equal(slow.read().text, "done")
            wait_for(lambda: old[0] not in server.worker_pids(), text="the old worker leaves")
            for client in (slow, idle):
                check_equal(client.get("/pid").text, str(server.worker_pids()[0]), "the new worker answers")


@test
@plain_only("a connection of TLS is not handed over")
def threat_116_more_idle_connections_than_fit_a_channel_survive_a_reload_and_an_upgrade():
    with Server(workers=2) as server:
        idle = [server.connect() for _ in range(1500)]
        for client in idle:
            client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        for client in idle:
            check_equal(client.read().status, 200)
        for number in (signal.SIGHUP, signal.SIGUSR2):
            old = set(server.worker_pids())
            server.signal(number)
            wait_for(lambda: not old & set(server.worker_pids()) and len(server.worker_pids()) == 2, text="the old workers leave")
            for client in idle:
                check_equal(client.get("/").status, 200, "another request")


@test
def threat_116_requests_half_sent_are_answered_across_a_reload():
    halves = ((b"GET /pid HTT", b"P/1.1\r\nHost: t\r\n\r\n"),
              (b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhe", b"llo"),
              (b"POST /count HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", b"llo\r\n0\r\n\r\n"),
              (b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50000, b"x" * 50000))
    with Server() as server:
        clients = [server.connect() for _ in halves]
        for client in clients:
            check_equal(client.get("/").status, 200)
        for client, (begin, _) in zip(clients, halves):
            client.send(begin)
            client.wait_taken()
        server.get("/")  # the worker has seen what came before
        server.signal(signal.SIGHUP)
        server.wait_logged('"reloaded"')
        for client, (_, end) in zip(clients, halves):
            client.send(end)
            check_equal(client.read().status, 200, "a request half sent before the reload")
            client.close()


@test
def threat_116_upgrades_under_load_lose_no_answer():
    with Server(workers=2) as server:
        load = Load(server, clients=4)
        load.wait_answers(20)
        for number in range(2):
            known = set(load.bodies)
            server.signal(signal.SIGUSR2)
            load.wait_new_body(known)
            wait_for(lambda: server.count_logged("listening on") == number + 2, text="the new program")
            wait_for(lambda: len(server.worker_pids()) == 2, text="the old workers leave")
        load.wait_answers(20)
        load.end()
        check_equal(load.lost, [], f"lost answers of {load.answers}")


@test
def a_stop_past_its_deadline_answers_503():
    with Server("--drain-timeout", "200ms") as server, server.connect() as client:
        client.send("GET /defer?ms=60000 HTTP/1.1\r\nHost: t\r\n\r\n")
        wait_for(lambda: counted(server, "begun") == 1, text="the request is in work")
        server.signal(signal.SIGTERM)
        reply = client.read()
        check_equal((reply.status, reply.closes), (503, True))
        check("the server is stopping" in reply.text, reply.text)


@test
def an_endless_stream_ends_at_the_deadline_of_a_stop():
    with Server("--drain-timeout", "300ms") as server, server.connect() as client:
        client.send("GET /stream/endless HTTP/1.1\r\nHost: t\r\n\r\n")
        client.take(100000)
        server.signal(signal.SIGTERM)
        end = b""
        try:
            while data := client.socket.recv(1 << 18):
                end = data
        except ConnectionResetError:
            pass
        check(not end.endswith(b"0\r\n\r\n"), "the stream does not look whole")
        check_equal(server.wait(), 0, "exit code")


@test
def connections_kept_in_reserve_do_not_hold_up_a_stop():
    with Server() as server, server.connect() as reserve:
        server.get("/")  # the worker has accepted what came before
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        reserve.check_closed()
        check_equal(server.wait(), 0, "exit code")
        check(time.monotonic() - began < 3, "soon")


@test
def the_first_request_of_a_connection_is_answered_while_it_stops():
    with Server() as server, server.connect() as client:
        server.get("/")
        server.signal(signal.SIGTERM)
        server.wait_logged('"stopping"')
        client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        reply = client.read()
        check_equal((reply.text, reply.closes), ("hello", True))


def pipe_nobody_reads():
    ends = os.pipe()
    os.close(ends[0])
    return ends[1]


def takes_connections(path):
    """A socket file exists before a process listens on it."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


@test
def threat_118_a_log_that_cannot_be_written_stops_nothing():
    for log in (os.open("/dev/full", os.O_WRONLY), pipe_nobody_reads()):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/socket"
            with Server("--host", f"unix:{path}", wait=False, log=log) as server:
                os.close(log)
                server.path = path
                wait_for(lambda: takes_connections(path), text="the socket")
                for _ in range(20):
                    check_equal(server.get("/").text, "hello")
                    check_equal(server.get("/fail?status=500").status, 500)


@test
def a_stopping_service_says_so_to_readiness_checks():
    with Server() as server, server.connect() as slow, server.connect() as probe:
        check_equal(probe.get("/readyz").status, 200)
        slow.send("GET /defer?ms=300 HTTP/1.1\r\nHost: t\r\n\r\n")
        wait_for(lambda: counted(server, "begun") == 1, text="the request is in work")
        probe.send("GET /readyz HTTP/1.1\r\nHo")
        probe.wait_taken()
        server.get("/")
        server.signal(signal.SIGTERM)
        server.wait_logged('"stopping"')
        check_equal(slow.read().text, "done")
        probe.send("st: t\r\n\r\n")
        check_equal((probe.read().status), 503, "readiness while it drains")


@test
def threat_116_a_worker_killed_under_load_loses_only_its_requests_in_flight():
    clients = 8
    with Server(workers=2) as server:
        load = Load(server, clients=clients, target="/sleep?ms=5")
        load.wait_answers(50)
        for number in range(1, 4):
            os.kill(server.worker_pids()[0], signal.SIGKILL)
            wait_for(lambda: len(server.worker_pids()) == 2, text="a new worker")
            load.wait_answers(30)
            check(len(load.lost) <= clients * number, f"at most one for each connection: {load.lost}")
        lost = len(load.lost)
        load.wait_answers(100)
        load.end()
        check_equal(len(load.lost), lost, "answers lost when nothing was killed")


@test
def threat_116_a_stop_under_load_answers_all_requests():
    server = Server(workers=2)
    with server:
        clients = [server.connect() for _ in range(20)]
        for client in clients:
            client.send("GET /defer?ms=300 HTTP/1.1\r\nHost: t\r\n\r\n")
        wait_for(lambda: counted(server, "begun") == 20, text="20 requests in work")
        server.signal(signal.SIGTERM)
        for client in clients:
            reply = client.read()
            check_equal((reply.text, reply.closes), ("done", True))
            client.check_closed()


@test
def threat_079_the_values_of_a_json_body_are_counted_up_to_a_setting():
    def post(server, path, body):
        return server.ask(f"POST {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/json\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n{body}".encode(), "POST")

    with Server("--max-json-values", "3", name="nuls") as server:
        check_equal(post(server, "/say", '{"list":["a","b"]}').status, 200, "three values")
        check_equal(post(server, "/look", "[1,2,3]").status, 200, "three values of a tree")
        reply = post(server, "/say", '{"list":["a","b","c"]}')
        check_equal(reply.status, 413, "four values")
        check(b"the body has too many values, line 1, column" in reply.body, f"a sentence: {reply.body}")
        reply = post(server, "/look", "[1,2,3,4]")
        check_equal(reply.status, 413, "four values of a tree")
        check(b"the JSON has too many values, line 1, column 8" in reply.body, f"a sentence: {reply.body}")
    with Server(name="nuls") as server:
        reply = post(server, "/say", '{"any":' + "[" * 70 + "]" * 70 + "}")
        check_equal(reply.status, 400, "seventy levels")
        check(b"the body is nested too deeply, line 1, column 7" in reply.body, f"a sentence: {reply.body}")


if __name__ == "__main__":
    sys.exit(harness.main(at_once=3, programs=("app", "nuls")))
