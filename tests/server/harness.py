"""Shared code of the tests over real sockets: starts programs, provides clients that see every byte, runs the tests.

A test is a function marked @test whose name is a sentence; it fails with an exception. A file of tests ends with
`sys.exit(harness.main())` and accepts words: only tests whose name contains one of them run.
"""

import array
import atexit
import concurrent.futures
import fcntl
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRESET = os.environ.get("TERN_TEST_PRESET", "debug")
sys.path.insert(0, os.path.join(ROOT, "tests"))  # what other tests use too: ports.py, postgres.py
HAS_TLS = os.environ.get("TERN_TEST_TLS", "0") != "0"  # servers and clients of this run speak https
SLOWEST_S = 10  # the time limit for everything that is expected to happen


class Skip(Exception):
    """Raised by a test that this machine cannot run; the text says why."""


# -- tests -----------------------------------------------------------------------------------------------------------

_tests = []


def test(function):
    _tests.append(function)
    return function


def plain_only(reason):
    """Skips a test in a run over TLS."""
    def mark(function):
        def skip():
            raise Skip(reason)
        skip.__name__ = function.__name__
        return skip if HAS_TLS else function
    return mark


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def check_equal(got, expected, what="value"):
    if got != expected:
        raise AssertionError(f"{what}: got {_short(got)}, expected {_short(expected)}")


def _short(value):
    text = repr(value)
    return text if len(text) < 600 else f"{text[:300]} ... {text[-200:]} ({len(text)} characters)"


def wait_for(condition, seconds=SLOWEST_S, text="a condition"):
    """Polls every millisecond; returns what `condition` returned once it is true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {text}")
        time.sleep(0.001)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


# -- servers ---------------------------------------------------------------------------------------------------------

def program(name):
    """The path of a program of tests/server or examples."""
    build = os.path.join(ROOT, "build", PRESET)
    in_tests = os.path.join(build, "tests", "server", name)
    return in_tests if os.path.exists(in_tests) else os.path.join(build, "examples", name)


def _settings(more):
    """The environment of a server: without Tern's variables from outside, and with sanitizers that abort on errors."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TERN_")}
    env.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=0")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    env.update(more)
    return env


# Runs a program as systemd does: with descriptors from 3 on, and the variables that announce them.
_LAUNCHER = """
import os, sys
fds, names = [int(fd) for fd in sys.argv[1].split(",") if fd], sys.argv[2]
copies = [os.dup(fd) for fd in fds]
for at, fd in enumerate(copies):
    os.dup2(fd, 3 + at)
    os.set_inheritable(3 + at, True)
for fd in copies:
    if fd >= 3 + len(fds):
        os.close(fd)
os.environ.setdefault("LISTEN_PID", str(os.getpid()))
os.environ.setdefault("LISTEN_FDS", str(len(fds)))
if names:
    os.environ["LISTEN_FDNAMES"] = names
os.execv(sys.argv[3], sys.argv[3:])
"""


_state_folder = None


def state_folder():
    """Where the servers of this run keep their certificate for development; removed at the end."""
    global _state_folder
    if _state_folder is None:
        _state_folder = tempfile.mkdtemp(prefix="tern-state-")
        atexit.register(shutil.rmtree, _state_folder, ignore_errors=True)
    return _state_folder


class _TlsSocket(ssl.SSLSocket):
    """Reports an end without close_notify as what it is without TLS: a reset."""

    def recv(self, size=1024, flags=0):
        try:
            return super().recv(size, flags)
        except ssl.SSLEOFError as end:
            raise ConnectionResetError(str(end)) from end


def client_rules():
    """What a client over TLS accepts: any certificate, because these tests are of the bytes inside."""
    rules = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    rules.sslsocket_class = _TlsSocket
    rules.check_hostname = False
    rules.verify_mode = ssl.CERT_NONE
    return rules


class Program:
    """A running server; a thread reads its log, unless it goes to the descriptor `log`. Ends with the `with` block, by
    SIGKILL if it must. The sockets `lent`, with their `names`, are passed to it as systemd does; None: no sockets."""

    def __init__(self, command, env=None, before=None, log=None, lent=None, names=""):
        fds = [each.fileno() for each in lent or ()]
        if lent is not None:
            command = [sys.executable, "-c", _LAUNCHER, ",".join(map(str, fds)), names, *command]
        self.lines = []
        self._is_stopping = False
        self.host, self.port, self.path = "127.0.0.1", None, None
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE if log is None else log, env=_settings(env or {}),
                                        preexec_fn=before, pass_fds=fds)
        self.pid = self.process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr or ():
            self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    def wait_until_listening(self):
        line = wait_for(lambda: self.logged("listening on") or self._has_ended(), text="the line that it listens")
        found = re.search(r"listening on (?:https?://([^\"]*):(\d+)|unix:([^\"]*))", str(line))
        check(found is not None, f"it listens: {self.lines[-5:]}")
        self.path = found.group(3)
        if not self.path:
            self.host, self.port = found.group(1).strip("[]"), int(found.group(2))

    def _has_ended(self):
        return self.process.poll() is not None and not self._reader.is_alive()

    def logged(self, text):
        """The first log line that contains `text`."""
        return next((line for line in list(self.lines) if text in line), None)

    def count_logged(self, text):
        return sum(text in line for line in list(self.lines))

    def wait_logged(self, text, seconds=SLOWEST_S):
        return wait_for(lambda: self.logged(text), seconds, f"the log line {text!r}")

    def signal(self, number):
        self._is_stopping = self._is_stopping or number in (signal.SIGTERM, signal.SIGINT)
        os.kill(self.pid, number)

    def worker_pids(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def wait(self, seconds=15):
        """Waits until it ends; returns the exit code."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {seconds} s") from None
        self._reader.join(5)
        return code

    def stop(self):
        """Stops it as an operator would, and checks that it ended cleanly: drained, exit code 0, no leaks."""
        if self.process.poll() is None and not self._is_stopping: # it may have stopped listening for signals
            self.signal(signal.SIGTERM)
        code = self.wait()
        self.check_sanitizers()
        check_equal(code, 0, "exit code")

    def check_sanitizers(self):
        found = [at for at, line in enumerate(self.lines)
                 if "AddressSanitizer" in line or "LeakSanitizer" in line or "runtime error" in line]
        if found:
            for line in self.lines[found[0]:found[0] + 40]:
                print("#   " + line[:300])
            raise AssertionError("sanitizer: " + self.lines[found[0]][:300])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join(5)
        if kind is not None:
            for line in self.lines[-15:]:
                print("#   " + line[:300])


class Server(Program):
    """A Tern application: tests/server/NAME.c or an example, on a free port."""

    def __init__(self, *flags, name="app", workers=1, env=None, log=None, wait=True, lent=None):
        self.has_tls = HAS_TLS and lent is None and "--host" not in flags and "--listen" not in flags
        where = [] if "--listen" in flags else ["--port", "0"]
        if self.has_tls:
            where = ["--listen", "https://127.0.0.1:0", "--tls-dev"]
            env = {"XDG_STATE_HOME": state_folder(), **(env or {})}
        command = [program(name), *where, "--workers", str(workers), *flags]
        super().__init__(command, env, log=log, lent=lent)
        if wait:
            self.wait_until_listening()
            wait_for(lambda: len(self.worker_pids()) == workers, text="all workers")

    def connect(self, timeout=SLOWEST_S, receive_buffer=None):
        return Client(self, timeout, receive_buffer)

    def ask(self, data, method="GET"):
        """Sends bytes over a new connection and reads one reply."""
        with self.connect() as client:
            client.send(data)
            return client.read(method)

    def get(self, target, *headers, method="GET", body=None):
        """One request with `Connection: close`; headers are complete lines."""
        lines = [f"{method} {target} HTTP/1.1", "Host: test", "Connection: close", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return self.ask("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""), method)


_shared = {}
_shared_lock = threading.Lock()


def shared(*flags, env=None, name="app"):
    """A server that all tests of a file use together; main stops it and checks that it ended cleanly."""
    key = (name, flags, tuple(sorted((env or {}).items())))
    with _shared_lock:
        if key not in _shared:
            _shared[key] = Server(*flags, env=env, name=name)
        return _shared[key]


# -- clients ---------------------------------------------------------------------------------------------------------

class Reply:
    """One reply as received: `raw` is its head, `headers` (name in lower case, value) pairs, `trailers` too."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.1 (\d\d\d) ([ -~]*)", lines[0])
        check(found is not None, f"a status line, not {lines[0]!r}")
        self.status, self.reason = int(found.group(1)), found.group(2)
        self.headers = []
        for line in lines[1:]:
            found = re.fullmatch(r"([!#-'*+.0-9A-Z^-z|~-]+): ?(.*)", line)
            check(found is not None, f"a header line, not {line!r}")
            self.headers.append((found.group(1).lower(), found.group(2)))
        self.body, self.trailers, self.chunks = b"", [], []

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def header(self, name):
        values = self.all(name)
        check(len(values) <= 1, f"one {name}, not {values}")
        return values[0] if values else None

    @property
    def text(self):
        return self.body.decode()

    @property
    def closes(self):
        return self.header("Connection") == "close"


class Client:
    """A connection that sends the given bytes and never retries."""

    def __init__(self, server, timeout=SLOWEST_S, receive_buffer=None):
        self.socket = socket.socket(socket.AF_UNIX if server.path else socket.AF_INET)
        self.socket.settimeout(timeout)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(server.path or (server.host, server.port))
        if not server.path:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if getattr(server, "has_tls", False):
            # without a server name, so that a request may be for any host; an end without close_notify is an error
            self.socket = client_rules().wrap_socket(self.socket, suppress_ragged_eofs=False)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def send_while_it_listens(self, data):
        """Like send, but it is not an error when the server has already closed."""
        try:
            self.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def wait_taken(self):
        """Waits until the server's kernel has acknowledged all sent bytes."""
        wait_for(lambda: _unacknowledged(self.socket) == 0, text="acknowledgement")

    def half_close(self):
        socket.socket.shutdown(self.socket, socket.SHUT_WR)  # of the socket itself: TLS goes on in the other direction

    def reset(self):
        """Closes with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def get(self, target, *headers, method="GET"):
        self.send("\r\n".join([f"{method} {target} HTTP/1.1", "Host: test", *headers]) + "\r\n\r\n")
        return self.read(method)

    def read(self, method="GET"):
        """Reads one reply by its framing; interim (1xx) replies are replies too."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        reply = Reply(head)
        length, coding = reply.header("Content-Length"), reply.header("Transfer-Encoding")
        check(length is None or coding is None, "not both Content-Length and Transfer-Encoding")
        if method == "HEAD" or reply.status < 200 or reply.status in (204, 304):
            return reply
        if coding is not None:
            check_equal(coding, "chunked", "coding")
            self._read_chunks(reply)
        elif length is not None:
            reply.body = self.take(int(length))
        else:
            check(reply.closes, "a reply without a length closes")
            reply.body = self.rest()
        return reply

    def _read_chunks(self, reply):
        while True:
            size = int(self._line(), 16)
            if size == 0:
                break
            reply.chunks.append(self.take(size))
            check_equal(self._line(), b"", "end of a chunk")
        while line := self._line():
            name, value = line.decode("latin-1").split(":", 1)
            reply.trailers.append((name.lower(), value.strip()))
        reply.body = b"".join(reply.chunks)

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def take(self, length):
        """Reads exactly that many bytes."""
        parts, have = [self.buffer], len(self.buffer)
        while have < length:
            parts.append(self._receive())
            have += len(parts[-1])
        data = b"".join(parts)
        self.buffer = data[length:]
        return data[:length]

    def rest(self):
        """Reads everything until the server closes; a reset is an error."""
        parts = [self.buffer]
        self.buffer = b""
        while data := self.socket.recv(1 << 18):
            parts.append(data)
        return b"".join(parts)

    def check_closed(self):
        """Checks that the server closes without sending anything more."""
        check_equal(self.rest(), b"", "bytes before the end")

    def check_open(self):
        """Checks that the connection still serves requests."""
        check_equal(self.get("/").status, 200, "status of another request on the connection")

    def has_input(self, seconds):
        if self.buffer or (isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()):
            return True
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _receive(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError(f"closed in the middle of a reply, after {_short(self.buffer)}")
        return data

    def _more(self):
        self.buffer += self._receive()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _unacknowledged(connection):
    """The number of sent bytes that the peer's kernel has not acknowledged yet (SIOCOUTQ)."""
    count = array.array("i", [0])
    fcntl.ioctl(connection, 0x5411, count)
    return count[0]


def split_everywhere(server, request):
    """Sends `request` in two packets, once for each possible split, each over a new connection; yields (where, client)
    before the reply is read. The connections wait in parallel, because acknowledgements are slow."""
    clients = [server.connect() for _ in range(1, len(request))]
    for at, client in enumerate(clients, 1):
        client.send(request[:at])
    for client in clients:
        client.wait_taken()
    for at, client in enumerate(clients, 1):
        client.send_while_it_listens(request[at:])
        with client:
            yield at, client


class Load:
    """Clients that send one request after the other on persistent connections, and record every lost answer."""

    def __init__(self, server, clients=4, target="/pid"):
        self.server, self.target = server, target
        self.answers, self.lost, self.bodies = 0, [], set()
        self.in_flight = {}
        self.is_over = False
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        client = None
        while not self.is_over:
            try:
                client = client or Client(self.server)
                reply = client.get(self.target)
                check_equal(reply.status, 200, "status under load")
                self.answers += 1
                self.bodies.add(reply.text)
                if reply.closes:
                    client.close()
                    client = None
            except Exception as error:  # every kind of lost answer counts
                self.lost.append(repr(error))
                if client is not None:
                    client.close()
                client = None
            time.sleep(0.0005)
        if client is not None:
            client.close()

    def wait_answers(self, more):
        goal = self.answers + more
        wait_for(lambda: self.answers >= goal or len(self.lost) > 100, text=f"{more} more answers")

    def wait_new_body(self, known):
        wait_for(lambda: self.bodies - known, text="an answer that was not there before")

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(SLOWEST_S)
        check(self.answers > 0, f"no answers at all: {self.lost[:3]}")


# -- running ---------------------------------------------------------------------------------------------------------

def _run_one(function):
    begin = time.monotonic()
    try:
        function()
        outcome, lines = "ok", []
    except Skip as why:
        return function.__name__, "ok", f" # SKIP {why}", []
    except Exception:
        outcome, lines = "not ok", traceback.format_exc().splitlines()[-8:]
    return function.__name__, outcome, f" # {time.monotonic() - begin:.2f} s", lines


def _stop_shared():
    for number, server in enumerate(_shared.values(), 1):
        def the_end(server=server):
            with server:
                pass
        the_end.__name__ = f"shared_server_{number}_has_ended_cleanly"
        yield the_end


def main(at_once=1, programs=("app",), last=()):
    """Runs the tests of the calling file in parallel, then those of `last`; prints a TAP line for each."""
    missing = [program(name) for name in programs if not os.path.exists(program(name))]
    if missing:
        print(f"not ok 1 - {missing[0]} is not built")
        return 1
    words = sys.argv[1:]
    chosen = [function for function in _tests if not words or any(word in function.__name__ for word in words)]
    failures = number = 0

    def tell(name, outcome, tail, lines):
        nonlocal failures, number
        number += 1
        failures += outcome != "ok"
        print(f"{outcome} {number} - {name}{tail}", flush=True)
        for line in lines:
            print("#   " + line, flush=True)

    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for result in pool.map(_run_one, chosen):
            tell(*result)
    for function in [*last, *_stop_shared()]:
        tell(*_run_one(function))
    print(f"1..{number}")
    return 1 if failures else 0
