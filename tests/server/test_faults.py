"""Makes each system call of a running server fail: with each possible error, and with partial results.

tests/fault/shim.c is between the server and the C library; a file that it and this program map controls it. After each
fault a client has the right answer, an error status or a closed connection, and the server continues: the same workers,
no additional descriptor, no sanitizer's report.
"""

import collections
import contextlib
import ctypes
import errno
import mmap
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import h2_client
import harness
import redis
from harness import check, check_equal, test, wait_for

SHORT, END = -1, -2
FILES = tempfile.TemporaryDirectory()
SHIM = os.path.join(harness.ROOT, "build", harness.PRESET, "tests", "fault", "shim.so")
LINES = "".join(f"line {number} of a file\n" for number in range(20000)).encode()
BIG = bytes(97 + at % 26 for at in range(3_000_000))  # more than the kernel accepts at once
MUCH = 300_000


class Control(ctypes.Structure):
    """Like fault_control of tests/fault/shim.c."""
    _fields_ = [("call", ctypes.c_char * 16), ("error", ctypes.c_int32), ("pid", ctypes.c_int32),
                ("pass_", ctypes.c_uint32), ("every", ctypes.c_uint32), ("chance", ctypes.c_uint32),
                ("seed", ctypes.c_uint32), ("is_armed", ctypes.c_uint32), ("seen", ctypes.c_uint32),
                ("injected", ctypes.c_uint32)]


class Faults:
    """The control file of one server."""

    def __init__(self):
        self._file = tempfile.NamedTemporaryFile(dir=FILES.name)
        self._file.truncate(mmap.PAGESIZE)
        self._map = mmap.mmap(self._file.fileno(), mmap.PAGESIZE)
        self._control = Control.from_buffer(self._map)
        self.env = {"FAULT_CONTROL": self._file.name, "LD_PRELOAD": preload(), "TEST_FILES": FILES.name}

    def arm(self, call, error=0, pass_=0, every=0, pid=0, chance=0, seed=0):
        c = self._control
        c.is_armed = 0
        c.call, c.error, c.pass_, c.every, c.pid = call.encode(), error, pass_, every, pid
        c.chance, c.seed, c.seen, c.injected = chance, seed, 0, 0
        c.is_armed = 1

    def disarm(self):
        """Returns the number of faults."""
        self._control.is_armed = 0
        return self._control.injected

    @property
    def injected(self):
        return self._control.injected


def preload():
    """The shim, after AddressSanitizer's library, which must come first if it is used."""
    linked = subprocess.run(["ldd", harness.program("app")], capture_output=True, text=True, check=True).stdout
    asan = re.search(r"=> (\S*libasan\S*)", linked)
    return f"{asan.group(1)} {SHIM}" if asan else SHIM


def text_of(error):
    return {SHORT: "short", END: "end"}.get(error) or errno.errorcode[error]


# -- clients ---------------------------------------------------------------------------------------------------------

def request(target, *headers, method="GET"):
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: test", *headers, "", ""]).encode()


def expect(client, status, body, method="GET"):
    """The reply. The server's own error is accepted, too; the connection sends no more requests after it."""
    reply = client.read(method)
    if reply.status >= 500:
        raise ConnectionAbortedError(reply.status)
    check_equal(reply.status, status, "status")
    if body is not None:
        check_equal(reply.body, body, "body")
    return reply


def pause(client):
    """Waits until the server's kernel has all sent bytes, or the server has answered or closed."""
    wait_for(lambda: harness._unacknowledged(client.socket) == 0 or client.has_input(0), 5, "acknowledgement")


def asks_twice(client):
    client.send(request("/"))
    expect(client, 200, b"hello")
    client.send(request("/users/42"))
    expect(client, 200, b"id 42")


def posts_in_pieces(client):
    body = b"0123456789" * 400
    client.send(request("/echo", f"Content-Length: {len(body)}", method="POST") + body[:1000])
    pause(client)
    client.send(body[1000:2500])
    pause(client)
    client.send(body[2500:])
    expect(client, 200, body)


def posts_chunks(client):
    client.send(request("/count", "Transfer-Encoding: chunked", method="POST") + b"5\r\nhello\r\n")
    pause(client)
    client.send(b"7\r\n, world\r\n0\r\n\r\n")
    expect(client, 200, b"12 bytes")


def reads_a_stream(client):
    client.send(request("/stream?pieces=5"))
    expect(client, 200, b"".join(b"piece %d\n" % n for n in range(5)))


def reads_a_file(client):
    client.send(request("/files/lines"))
    expect(client, 200, LINES)


def reads_much(client):
    client.send(request(f"/big?bytes={MUCH}"))
    expect(client, 200, BIG[:MUCH])


def reads_slowly(client):
    """With one worker: when it answers another client, it has found the kernel's buffer full."""
    client.send(request(f"/big?bytes={len(BIG)}"))
    with client.server.connect(timeout=5) as other:
        other.send(request("/"))
        expect(other, 200, b"hello")
    expect(client, 200, BIG)


def asks_many_at_once(client):
    client.send(b"".join(request("/length/" + "x" * n) for n in range(1, 9)))
    for n in range(1, 9):
        expect(client, 200, b"%d" % n)


def uses_tasks(client):
    client.send(request("/tasks/squares"))
    expect(client, 200, b"385")
    client.send(request("/tasks/offload"))
    expect(client, 200, b"500500")


def sleeps(client):
    client.send(request("/sleep?ms=3") + request("/facts"))
    expect(client, 200, b"rested")
    facts = expect(client, 200, None).text
    check(re.search("address=(127.0.0.1|unix:|unknown)\n", facts), facts)


def closes_its_side(client):
    client.send(request("/"))
    try:
        client.half_close()
    except OSError as error:  # the server has reset the connection
        raise ConnectionResetError from error
    expect(client, 200, b"hello")
    client.check_closed()


def is_refused(client):
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + request("/smuggled"))
    expect(client, 400, None)
    client.check_closed()


def gets_half_a_stream(client):
    client.send(request("/stream/broken"))
    try:
        reply = client.read()
    except ConnectionError:
        return
    check(reply.status >= 500, f"half a stream was taken for the whole: {reply.status} {reply.body}")


CLIENTS = (asks_twice, posts_in_pieces, posts_chunks, reads_a_stream, reads_a_file, reads_much, asks_many_at_once,
           uses_tasks, sleeps, closes_its_side, is_refused, gets_half_a_stream)


def run_clients(server, may_fail=True, clients=CLIENTS):
    """Runs all of them, one after the other, on connections that are open at the same time."""
    connections = []
    try:
        for behave in clients:
            slow = behave is reads_slowly
            connections.append(server.connect(timeout=5, receive_buffer=4096 if slow else None))
        for behave, client in zip(clients, connections):
            client.server = server
            try:
                behave(client)
            except ConnectionError as error:
                if not may_fail:
                    raise AssertionError(f"{behave.__name__}: {error!r}") from error
            except (AssertionError, TimeoutError) as error:
                raise AssertionError(f"{behave.__name__}: {error!r}") from error
    finally:
        for client in connections:
            client.close()


# -- servers ---------------------------------------------------------------------------------------------------------

def descriptors(pid):
    """The targets of the descriptors; one that was closed in the meantime is skipped."""
    names = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0])
        except FileNotFoundError:
            continue
    return sorted(names)


class Served:
    """A server under faults, and the state to which it must return after each. A fresh server has not mapped a stack or
    started a thread yet."""

    def __init__(self, workers=2, is_fresh=False):
        self.faults = Faults()
        self.server = harness.Server(workers=workers, env=self.faults.env)
        wait_for(lambda: self.server.count_logged("start hook") == workers, text="the workers")
        self.pids = self.server.worker_pids()
        for _ in range(0 if is_fresh else 3):
            run_clients(self.server, may_fail=False)  # opens what stays open: the pool's eventfd
        self.spare = 2 if is_fresh else 1  # acceptor.c's reserve, the eventfd of the pool of threads
        self.sockets = descriptors(self.server.pid).count("socket")  # listening and channels: the workers' are these
        self.others = [len(names) - names.count("socket") for names in self._open_now()]

    def _open_now(self):
        """The descriptors of each process."""
        return [descriptors(pid) for pid in (self.server.pid, *self.pids)]

    def _are_few(self):
        return all(names.count("socket") <= self.sockets and len(names) - names.count("socket") <= others + self.spare
                   for names, others in zip(self._open_now(), self.others))

    def check_well(self):
        check_equal(self.server.worker_pids(), self.pids, "workers")
        with self.server.connect(timeout=5) as client:
            check_equal(client.get("/", "Connection: close").text, "hello", "answer after the fault")
        try:
            wait_for(self._are_few, 5)
        except AssertionError:
            raise AssertionError(f"descriptors: {self._open_now()}, {self.sockets} sockets and "
                                 f"{self.others} others before") from None
        self.server.check_sanitizers()

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        self.faults.disarm()
        self.server.__exit__(kind, *rest)


def try_one(served, call, error, pass_, every, clients=CLIENTS):
    """Returns how many faults there were."""
    served.faults.arm(call, error, pass_, every)
    try:
        run_clients(served.server, clients=clients)
        injected = served.faults.disarm()
        served.check_well()
    except AssertionError as failure:
        raise AssertionError(f"{call} {text_of(error)} after {pass_}, every {every}: {failure}") from failure
    return injected


def try_each(cases, is_fresh=False, workers=2, clients=CLIENTS):
    """Runs every case (call, errors, (number of successful calls before, interval after)), with one server or a fresh
    server for each."""
    with contextlib.ExitStack() as stack:
        served = None if is_fresh else stack.enter_context(Served(workers))
        for call, errors, passes in cases:
            for error in errors:
                injected = 0
                for pass_, every in passes:
                    with Served(is_fresh=True) if is_fresh else contextlib.nullcontext(served) as one:
                        injected += try_one(one, call, error, pass_, every, clients)
                check(injected > 0, f"{call} {text_of(error)}: no fault was injected")


ONCE = ((0, 0), (1, 0), (2, 0), (5, 0), (11, 0))
OFTEN = ((0, 2), (1, 3))


@test
def threat_112_receiving_fails():
    try_each([
        ("recv", (errno.EINTR, errno.EAGAIN, SHORT), ONCE + OFTEN),
        ("recv", (errno.ECONNRESET, errno.ETIMEDOUT, errno.ENOMEM), ONCE),
    ])


def announces(server):
    """The text of an answer to a client whose proxy announces it in two pieces; None when it was closed without one."""
    with server.connect() as client:
        client.send(b"PROXY TCP4 192.0.2.7 192.0.2.1")
        client.wait_taken()
        client.send_while_it_listens(b" 56324 80\r\n" + request("/facts"))
        try:
            return client.read().text
        except ConnectionError:
            return None


@test
def threat_112_receiving_a_proxy_header_fails():
    faults = Faults()
    with harness.Server("--proxy-protocol", "127.0.0.0/8", env=faults.env) as server:
        pids = server.worker_pids()
        for call, errors in (("recv", (errno.EINTR, errno.EAGAIN, SHORT, errno.ECONNRESET)),
                             ("getpeername", (errno.ENOTCONN,))):
            for error in errors:
                injected = 0
                for pass_ in range(4):
                    faults.arm(call, error, pass_)
                    text = announces(server)
                    check(text is None or "address=192.0.2.7\n" in text, f"{call} {text_of(error)}: {text}")
                    injected += faults.disarm()
                    check("address=192.0.2.7\n" in (announces(server) or ""), f"the next one after {call} {text_of(error)}")
                check(injected > 0, f"{call} {text_of(error)}: no fault was injected")
        check_equal(server.worker_pids(), pids, "workers")


@test
def threat_112_sending_fails():
    try_each([
        ("send", (errno.EINTR, errno.EAGAIN, SHORT), ONCE + OFTEN),
        ("send", (errno.EPIPE, errno.ECONNRESET, errno.ENOBUFS), ONCE),
        ("sendmsg", (errno.EINTR, errno.EAGAIN, SHORT), ONCE + OFTEN),
        ("sendmsg", (errno.EPIPE, errno.ENOMEM), ONCE),
        ("sendfile", (errno.EINTR, errno.EAGAIN, SHORT), ((0, 0), (1, 0), (0, 2))),
        ("sendfile", (errno.EIO, errno.EPIPE, errno.ENOMEM, errno.EINVAL, END), ((0, 0), (1, 0))),
    ])


def asks_by_http_2(server):
    """Several requests on one connection of HTTP/2: each has its answer or an error, or the connection ends."""
    with h2_client.H2(server) as client:
        try:
            for path, body in (("/", b"hello"), ("/stream", b"piece 0\npiece 1\npiece 2\n"), (f"/big?bytes={MUCH}", BIG[:MUCH])):
                reply = client.get(path)
                check(reply.error is not None or reply.body in (body, BIG[:MUCH]), f"{path}: {reply.body[:100]}")
            reply = client.post("/echo", b"x" * 10000)
            check(reply.error is not None or reply.body == b"x" * 10000, f"/echo: {reply.body[:100]}")
        except (EOFError, ConnectionError):
            pass


@test
def threat_112_calls_of_http_2_fail():
    faults = Faults()
    with harness.Server("--h2c", env=faults.env) as server:
        pids = server.worker_pids()
        asks_by_http_2(server)
        for call, errors in (("recv", (errno.EINTR, errno.ECONNRESET, errno.ETIMEDOUT, errno.ENOMEM)),
                             ("send", (errno.EINTR, errno.EPIPE, errno.ECONNRESET, errno.ENOBUFS))):
            for error in errors:
                injected = 0
                for pass_ in range(6):
                    faults.arm(call, error, pass_)
                    asks_by_http_2(server)
                    injected += faults.disarm()
                    with h2_client.H2(server) as client:
                        check_equal(client.get("/").body, b"hello", f"the next one after {call} {text_of(error)}")
                check(injected > 0, f"{call} {text_of(error)}: no fault was injected")
        check_equal(server.worker_pids(), pids, "workers")


@test
def threat_112_sending_to_a_slow_reader_fails():
    often, once = ((0, 3),), ((0, 0), (3, 0))
    try_each([
        ("send", (errno.EINTR, errno.EAGAIN, SHORT), often),
        ("send", (errno.EPIPE, errno.ENOBUFS), once),
        ("sendmsg", (errno.EINTR, errno.EAGAIN, SHORT, errno.ENOMEM), ((0, 0), (0, 3))),
        ("ioctl", (errno.EINVAL,), ((0, 1),)),
    ], workers=1, clients=(reads_slowly, asks_twice, reads_slowly))


@test
def threat_112_accepting_and_handing_over_fails():
    try_each([
        ("accept4", (errno.EINTR, errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.EAGAIN), ONCE + OFTEN),
        ("accept4", (errno.EMFILE, errno.ENFILE), ONCE),
        ("accept4", (errno.ENOMEM, errno.ENOBUFS), ((0, 0), (5, 0))),
        ("epoll_ctl", (errno.ENOMEM, errno.ENOSPC), ONCE),
        ("epoll_wait", (errno.EINTR,), ONCE + OFTEN),
        ("close", (errno.EINTR, errno.EIO), ONCE + OFTEN),
        ("shutdown", (errno.ENOTCONN,), ((0, 1),)),
        ("setsockopt", (errno.ENOMEM,), ((0, 1),)),
        ("getpeername", (errno.ENOTCONN, errno.ENOBUFS), ((0, 1),)),
    ])


@test
def threat_112_files_fail():
    try_each([
        ("open", (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO), ((0, 1),)),
        ("open", (errno.EINTR,), ((0, 2),)),
        ("stat", (errno.EIO, errno.ENOMEM), ((0, 1),)),
        ("fstat", (errno.EIO, errno.ENOMEM), ((0, 1),)),
    ])


@test
def threat_112_memory_and_threads_fail():
    try_each([
        ("mmap", (errno.ENOMEM,), ((0, 0), (0, 1))),
        ("mprotect", (errno.ENOMEM,), ((0, 0), (0, 1))),
        ("pthread_create", (errno.EAGAIN,), ((0, 1),)),
        ("eventfd", (errno.EMFILE, errno.ENOMEM), ((0, 1),)),
        ("read", (errno.EAGAIN, errno.EINTR), ((0, 0), (1, 2))),
    ], is_fresh=True)


@test
def threat_112_threat_118_the_log_accepts_nothing():
    try_each([
        ("log", (errno.ENOSPC, errno.EIO, errno.EPIPE, errno.EAGAIN), ((0, 1),)),
        ("log", (errno.EINTR, SHORT), ((0, 2), (1, 3))),
    ])


@test
def threat_118_log_lines_stay_whole_when_the_log_accepts_them_in_parts():
    with Served() as served:
        before = len(served.server.lines)
        served.faults.arm("log", SHORT, every=2)
        for _ in range(5):
            served.server.get("/")
        check(served.faults.disarm() >= 5, "faults")
        wait_for(lambda: len(served.server.lines) >= before + 5, text="five lines")
        for line in served.server.lines[before:]:
            check(line.startswith('{"time"') and line.endswith("}"), f"a whole line: {line!r}")


def check_serves_without_a_log(stderr):
    """A real log that accepts nothing, without the shim. The socket is a file, since no log line shows a port."""
    path = os.path.join(FILES.name, f"socket{stderr}")
    command = [harness.program("app"), "--host", f"unix:{path}", "--workers", "2"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        wait_for(lambda: os.path.exists(path) or process.poll() is not None, text="the socket file")
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as client:
                wait_for(lambda: client.connect_ex(path) == 0, text="a connection")
                client.settimeout(5)
                client.sendall(request("/users/42", "Connection: close"))
                answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
                check(answer.endswith(b"\r\n\r\nid 42"), f"an answer: {answer}")
        process.terminate()
        check_equal(process.wait(15), 0, "exit code")
    finally:
        process.kill()
        process.wait()


@test
def threat_118_a_log_on_a_full_disk_stops_nothing():
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        check_serves_without_a_log(full)
    finally:
        os.close(full)


@test
def threat_118_a_log_whose_reader_is_gone_stops_nothing():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        check_serves_without_a_log(writer)
    finally:
        os.close(writer)


@test
def threat_112_calls_fail_by_chance():
    with Served() as served:
        injected = 0
        for seed in range(16):
            served.faults.arm("*", chance=65536 // (200 if seed % 2 else 20), seed=seed)
            try:
                for _ in range(4):
                    run_clients(served.server)
                injected += served.faults.disarm()
                served.check_well()
            except AssertionError as failure:
                raise AssertionError(f"seed {seed}: {failure}") from failure
        check(injected > 300, f"only {injected} faults")


# -- the master ------------------------------------------------------------------------------------------------------

@test
def threat_112_a_reload_that_cannot_fork_leaves_the_workers_before():
    with Served() as served:
        for error in (errno.EAGAIN, errno.ENOMEM):
            for pass_ in (0, 1):
                served.faults.arm("fork", error, pass_)
                before = served.server.count_logged("the new generation does not start")
                served.server.signal(signal.SIGHUP)
                wait_for(lambda: served.server.count_logged("the new generation does not start") > before,
                         text="the reload is given up")
                check_equal(served.faults.disarm(), 1, "faults")
                wait_for(lambda: served.server.worker_pids() == served.pids, text="only the workers before")
                served.check_well()
        served.server.signal(signal.SIGHUP)
        served.server.wait_logged('"reloaded"')
        served.server.get("/")


@test
def threat_112_a_worker_that_cannot_be_forked_again_comes_later():
    with Served() as served:
        served.faults.arm("fork", errno.EAGAIN)
        os.kill(served.pids[0], signal.SIGKILL)
        served.server.wait_logged("cannot fork worker")
        wait_for(lambda: len(served.server.worker_pids()) == 2, text="the worker is there again")
        check_equal(served.faults.disarm(), 1, "faults")
        wait_for(lambda: served.server.count_logged("start hook") == 3, text="it serves")
        run_clients(served.server, may_fail=False)


@test
def threat_112_reloads_while_calls_fail_by_chance_lose_no_worker():
    with Served() as served:
        for seed in range(6):
            served.faults.arm("*", chance=65536 // 20, seed=seed)
            served.server.signal(signal.SIGHUP)
            try:
                for _ in range(3):
                    run_clients(served.server)
                check(served.faults.disarm() > 0, "no faults")
                before = set(settle(served.server))
                served.server.signal(signal.SIGHUP)
                wait_for(lambda: not before & set(served.server.worker_pids()), text="a reload without faults")
                served.pids = settle(served.server)
                run_clients(served.server, may_fail=False)
                served.check_well()
            except AssertionError as failure:
                raise AssertionError(f"seed {seed}: {failure}") from failure


def settle(server):
    """The workers, when there are two that stay: a reload that began under faults may still end."""
    seen = collections.deque(maxlen=100)

    def is_settled():
        seen.append(tuple(server.worker_pids()))
        return len(seen) == seen.maxlen and len(set(seen)) == 1 and len(seen[0]) == 2
    wait_for(is_settled, text="two workers that stay")
    return list(seen[0])


@test
def threat_112_connections_that_cannot_be_handed_over_are_answered():
    for error in (errno.EAGAIN, errno.ENOBUFS, errno.EINTR, errno.ETOOMANYREFS):
        with Served() as served:
            waiting = [served.server.connect(timeout=5) for _ in range(6)]
            for client in waiting:
                check_equal(client.get("/").text, "hello", "answer before")
            served.faults.arm("sendmsg", error, every=2)
            served.server.signal(signal.SIGHUP)
            served.server.wait_logged('"reloaded"')
            wait_for(lambda: served.faults.injected > 0, text="a connection is handed over")
            for client in waiting:
                check_equal(client.get("/").text, "hello", "answer of a connection that stayed")
                client.close()
            served.faults.disarm()


@test
def threat_112_connections_are_received_in_spite_of_errors():
    for error in (errno.EINTR, errno.ENOMEM, errno.ENOBUFS):
        with Served() as served:
            waiting = [served.server.connect(timeout=5) for _ in range(6)]
            for client in waiting:
                check_equal(client.get("/").text, "hello", "answer before")
            served.faults.arm("recvmsg", error, every=2)
            served.server.signal(signal.SIGHUP)
            served.server.wait_logged('"reloaded"')
            wait_for(lambda: served.faults.injected > 0, text="a connection is handed over")
            for client in waiting:
                check_equal(client.get("/").text, "hello", "answer of a connection handed over")
                client.close()
            served.faults.disarm()


@test
def threat_112_the_masters_calls_fail():
    with Served() as served:
        for call, error in (("poll", errno.EINTR), ("poll", errno.ENOMEM), ("read", errno.EINTR), ("read", errno.EAGAIN)):
            served.faults.arm(call, error, every=2, pid=served.server.pid)
            served.server.signal(signal.SIGUSR1)  # not for the master: it only wakes
            wait_for(lambda: served.faults.injected > 0, text=f"{call} of the master")
            served.faults.disarm()
            served.check_well()


# -- the start -------------------------------------------------------------------------------------------------------

START = (
    ("socket", (errno.EMFILE, errno.EACCES, errno.ENOBUFS)),
    ("setsockopt", (errno.ENOMEM, errno.ENOPROTOOPT)),
    ("bind", (errno.EADDRINUSE, errno.EACCES)),
    ("listen", (errno.EADDRINUSE,)),
    ("getsockname", (errno.ENOBUFS,)),
    ("socketpair", (errno.EMFILE,)),
    ("mmap", (errno.ENOMEM,)),
    ("memfd_create", (errno.EMFILE, errno.ENOMEM)),
    ("ftruncate", (errno.ENOSPC,)),
    ("eventfd", (errno.EMFILE,)),
    ("signalfd", (errno.EMFILE,)),
    ("epoll_create1", (errno.EMFILE,)),
    ("epoll_ctl", (errno.ENOMEM,)),
    ("open", (errno.EMFILE, errno.EIO)),
    ("read", (errno.EIO, SHORT)),
    ("getrandom", (errno.EINTR, errno.ENOSYS)),
    ("fork", (errno.EAGAIN,)),
    ("prctl", (errno.EPERM,)),
    ("sigaltstack", (errno.ENOMEM,)),
    ("getrlimit", (errno.EPERM,)),
)
START_ON_A_SOCKET_FILE = (
    ("lstat", (errno.EIO, errno.EACCES)),
    ("connect", (errno.EAGAIN, errno.ENOMEM)),
    ("unlink", (errno.EACCES, errno.EROFS)),
    ("lchown", (errno.EPERM, errno.EROFS)),
    ("socket", (errno.EMFILE,)),
    ("bind", (errno.ENOSPC, errno.EROFS)),
    ("listen", (errno.EADDRINUSE,)),
    ("stat", (errno.EIO,)),
)

START_ON_SEVERAL = (
    ("socket", (errno.EMFILE,)),
    ("bind", (errno.EADDRINUSE,)),
    ("listen", (errno.EADDRINUSE,)),
    ("getsockname", (errno.ENOBUFS,)),
)
START_ON_A_SOCKET_OF_SYSTEMD = (
    ("getsockopt", (errno.ENOTSOCK,)),
    ("getsockname", (errno.ENOBUFS,)),
    ("setsockopt", (errno.ENOMEM,)),
)

START_WITH_A_CERTIFICATE_FOR_DEVELOPMENT = (
    ("mkdir", (errno.EACCES, errno.ENOSPC)),
    ("flock", (errno.ENOLCK, errno.EINTR)),
    ("fchmod", (errno.EPERM,)),
    ("fsync", (errno.EIO, errno.ENOSPC)),
    ("rename", (errno.EIO,)),
)
START_WITH_ACME = (
    ("mkdir", (errno.EACCES,)),
    ("mkdirat", (errno.ENOSPC,)),
    ("faccessat", (errno.EACCES,)),
    ("fsync", (errno.EIO,)),
    ("renameat", (errno.EIO,)),
    ("symlinkat", (errno.EPERM,)),
    ("readlinkat", (errno.EIO,)),
    ("unlinkat", (errno.EROFS,)),
)

# Those cannot fail, or only for a process that is gone.
NEVER_FAIL = {"_exit", "alarm", "clock_gettime", "exit", "getegid", "geteuid", "getgid", "getpid", "getppid", "getuid",
              "kill", "pause", "sched_yield", "time", "umask"}


def try_start(call, error, pass_, flags=(), lent=None):
    """Starts a server whose n-th call fails: it serves, or ends with exit code 1 and one line that says why. Returns
    False when there was no n-th call."""
    faults = Faults()
    faults.arm(call, error, pass_)
    server = harness.Server(*flags, workers=2, env=faults.env, wait=False, lent=lent)
    try:
        serves = wait_for(lambda: server.count_logged("start hook") >= 2 or server.process.poll() is not None)
        injected = faults.disarm()
        if serves is True and server.process.poll() is None:
            server.wait_until_listening()
            run_clients(server, may_fail=False)
            server.stop()
        else:
            check_equal(server.wait(), 1, "exit code")
            server.check_sanitizers()
            said = [line for line in server.lines if '"level":"info"' not in line]
            says_why = any(reason in str(said) for reason in (os.strerror(max(error, 0)), "in use", "permission", "listens there"))
            check(len(said) == 1 and says_why, f"one line that says why: {said}")
        return injected > 0
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.wait()


def try_starts(table, prepare, lent=None):
    """Makes each invocation of every call of the table fail with each of its errors."""
    for call, errors in table:
        for error in errors:
            pass_ = 0
            try:
                while try_start(call, error, pass_, prepare(), lent):
                    pass_ += 1
            except AssertionError as failure:
                raise AssertionError(f"{call} {text_of(error)} after {pass_}: {failure}") from failure
            check(pass_ > 0, f"{call} {text_of(error)}: no fault was injected")


@test
def threat_112_the_start_fails_with_one_clear_line():
    try_starts(START, lambda: ())


@test
def threat_112_the_start_on_a_socket_file_fails_with_one_clear_line():
    path = os.path.join(FILES.name, "stale")

    def leave_a_stale_socket():
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(path)
        return "--host", f"unix:{path}", "--socket-group", str(os.getegid()), "--socket-mode", "600"

    try_starts(START_ON_A_SOCKET_FILE, leave_a_stale_socket)


@test
def threat_112_the_start_on_several_addresses_fails_with_one_clear_line():
    try_starts(START_ON_SEVERAL, lambda: ("--listen", "http://127.0.0.1:0", "--listen", "http://[::]:0"))


@test
def threat_112_the_start_on_a_socket_of_systemd_fails_with_one_clear_line():
    with socket.socket() as lent:
        lent.bind(("127.0.0.1", 0))
        lent.listen(64)
        try_starts(START_ON_A_SOCKET_OF_SYSTEMD, lambda: ("--listen", "systemd"), [lent])


def fresh_folder():
    """A folder for certificates that does not exist yet."""
    return os.path.join(tempfile.mkdtemp(dir=FILES.name), "state")


@test
def threat_112_the_start_with_a_certificate_for_development_fails_with_one_clear_line():
    def flags():
        os.environ["XDG_STATE_HOME"] = fresh_folder()
        return "--listen", "http://127.0.0.1:0", "--listen", "https://127.0.0.1:0", "--tls-dev"

    try_starts(START_WITH_A_CERTIFICATE_FOR_DEVELOPMENT, flags)


@test
def threat_112_the_start_with_acme_fails_with_one_clear_line():
    def flags():
        return ("--listen", "http://127.0.0.1:0", "--listen", "https://127.0.0.1:0", "--acme", "example.org",
                "--acme-directory", "https://127.0.0.1:9/directory", "--state-dir", fresh_folder())

    try_starts(START_WITH_ACME, flags)


@test
def threat_112_a_machine_without_ipv6_says_so_in_one_line():
    faults = Faults()
    faults.arm("socket", errno.EAFNOSUPPORT)
    server = harness.Server("--listen", "http://[::]:8000", env=faults.env, wait=False)
    check_equal(server.wait(), 1, "exit code")
    check_equal(server.lines, ["cannot listen on http://[::]:8000: this machine does not speak that protocol; choose "
                               "another host (0.0.0.0 for all of IPv4)"], "what it says")


@test
def threat_112_a_start_that_cannot_inspect_a_stack_serves():
    if preload() != SHIM:
        raise harness.Skip("AddressSanitizer's builds do not look at one")
    try_starts([("mincore", (errno.ENOMEM,))], lambda: ())


@test
def threat_112_a_crash_is_reported_when_its_lines_cannot_be_looked_up():
    faults = Faults()
    with harness.Server(workers=1, env=faults.env) as server:
        faults.arm("pipe2", errno.EMFILE)
        with server.connect() as client:
            client.send(request("/crash/abort"))
            check_equal(client.rest(), b"", "the answer of a worker that crashes")
        check("crash_by_abort" in server.wait_logged("crashed:"), "the frames have their functions' names")
        check_equal(faults.disarm(), 1, "pipes that could not be made")


def symbols(path, which):
    """Names that a program takes from the C library, or that a library offers."""
    listed = subprocess.run(["nm", "-D", which, path], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in listed.splitlines() if line}


@test
def threat_112_every_system_call_of_the_server_can_be_made_to_fail():
    try:
        with open(f"/usr/include/{os.uname().machine}-linux-gnu/asm/unistd_64.h", encoding="ascii") as file:
            calls = set(re.findall(r"__NR_(\w+)", file.read()))
        taken, offered = symbols(harness.program("app"), "--undefined-only"), symbols(SHIM, "--defined-only")
    except FileNotFoundError as missing:
        raise harness.Skip(missing) from missing
    calls |= {"recv", "send", "eventfd", "signalfd", "pthread_create"}
    check(len(taken & calls) > 30, f"system calls of the server: {taken & calls}")
    check_equal(sorted((taken & calls) - offered - NEVER_FAIL), [], "system calls that tests/fault/shim.c lacks")


@test
def threat_112_without_a_timer_handlers_compute_without_a_limit_and_the_log_says_so():
    for call in ("timer_create", "timer_settime"):
        faults = Faults()
        with harness.Server(name="limiting", env=faults.env) as server:
            faults.arm(call, errno.EAGAIN)
            with server.connect() as client:
                client.send("POST /group/body HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc")
                reply = client.read()
            check_equal((reply.status, reply.text), (200, "3"), f"a request without {call}")
            check(faults.disarm() > 0, f"{call} was called")
            server.wait_logged("no timer for .cpu_ms: Resource temporarily unavailable")


@test
def threat_112_a_file_of_maintenance_that_cannot_be_looked_for_closes_nothing():
    faults = Faults()
    with harness.Server(name="limiting", env={"MAINTENANCE_FILE": FILES.name, **faults.env}) as server:
        check_equal(server.get("/closing").status, 503, "a request while the file exists")
        faults.arm("access", errno.EACCES)
        wait_for(lambda: server.get("/closing").status == 200, text="an answer without the file")
        faults.disarm()


def increments(server):
    """Whether Redis replied through the server, with a number or an error."""
    try:
        reply = server.get("/try?word=INCR&word=a")
    except (ConnectionError, AssertionError):
        return False
    return reply.status == 200 and '"kind":"integer"' in reply.text


@test
def threat_112_system_calls_of_the_redis_client_fail():
    if not redis.is_installed():
        raise harness.Skip("no redis-server and redis-cli on this machine")
    cases = [("recv", (errno.EINTR, errno.EAGAIN, SHORT, errno.ECONNRESET)),
             ("send", (errno.EINTR, errno.EAGAIN, SHORT, errno.EPIPE)),
             ("epoll_ctl", (errno.ENOMEM, errno.ENOSPC)), ("setsockopt", (errno.ENOMEM,)), ("close", (errno.EIO,))]
    faults = Faults()
    with redis.Server() as place, harness.Server(
            name="redis", env={"TERN_REDIS_URL": place.url(), "REDIS_TIMEOUT": "1000", **faults.env}) as server:
        pids = server.worker_pids()
        for call, errors in cases:
            for error in errors:
                for pass_, every in ((0, 0), (1, 0), (2, 0), (3, 0), (0, 3)):
                    place.cli("CLIENT", "KILL", "TYPE", "normal")  # so that a connection is opened, too
                    faults.arm(call, error, pass_, every)
                    for _ in range(3):
                        increments(server)
                    faults.disarm()
                    wait_for(lambda: increments(server), 10, f"Redis after {call} {text_of(error)}, {pass_}, {every}")
        check_equal(server.worker_pids(), pids, "workers")


def main():
    if not os.path.exists(SHIM):
        print(f"not ok 1 - {SHIM} is not built")
        return 1
    with open(os.path.join(FILES.name, "lines"), "wb") as file:
        file.write(LINES)
    return harness.main(at_once=2)


if __name__ == "__main__":
    sys.exit(main())
