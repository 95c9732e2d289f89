"""Starting servers, loading them, and reading what they cost from /proc."""

import glob
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STARTS_WITHIN_S = 20
STOPS_WITHIN_S = 20


class Failed(Exception):
    """A measurement could not be made; the text is one clear line."""


def raise_file_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def must_be_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Failed(f"port {port} is busy; choose another with --port") from None


def ask(port, timeout_s=5):
    """One request on a new connection; returns the whole reply."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n")
        return read_reply(client)


def read_reply(client):
    reply = b""
    while b"\r\n\r\n" not in reply:
        piece = client.recv(65536)
        if not piece:
            raise Failed("the server closed the connection without an answer")
        reply += piece
    head, _, body = reply.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        piece = client.recv(65536)
        if not piece:
            raise Failed("the server cut its answer short")
        body += piece
    return head + b"\r\n\r\n" + body


class Server:
    """A server process and its children, on cores of its own; stopped when the block is left."""

    def __init__(self, name, command, port, cores):
        self.name, self.port = name, port
        pinned = ["taskset", "-c", cores, *command] if cores else command
        must_be_free(port)
        started = time.monotonic()
        self.process = subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            self.start_ms = self.wait_for_answer(started)
        except BaseException:
            self.stop()
            raise

    def wait_for_answer(self, started):
        while time.monotonic() - started < STARTS_WITHIN_S:
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended at once (exit {self.process.returncode})")
            try:
                ask(self.port)
                return (time.monotonic() - started) * 1000
            except ConnectionError:
                time.sleep(0.0005)
        raise Failed(f"{self.name} did not answer within {STARTS_WITHIN_S} s")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def tree(self):
        """The process and all below it."""
        parents = {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="ascii", errors="replace") as file:
                    text = file.read()
            except OSError:
                continue
            parents[int(text.split(" ", 1)[0])] = int(text.rpartition(")")[2].split()[1])
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += [child for child, parent in parents.items() if parent == pid]
        return found

    def cpu_seconds(self):
        ticks = 0
        for pid in self.tree():
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS_PER_SECOND

    def memory_kib(self, *names):
        """The sum of these lines of smaps_rollup over the tree."""
        total = 0
        for pid in self.tree():
            try:
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                    for line in file:
                        words = line.split()
                        if words[0].rstrip(":") in names:
                            total += int(words[1])
            except OSError:
                continue
        return total


def load(server, connections, threads, seconds, depth, cores):
    """Runs wrk against the server; returns its figures and what they cost the server."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s",
               os.path.join(HERE, "load.lua"), f"http://127.0.0.1:{server.port}/", "--", str(depth)]
    if cores:
        command = ["taskset", "-c", cores, *command]
    before = server.cpu_seconds()
    wrk = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(seconds / 2)
    pss_kib = server.memory_kib("Pss")
    output, _ = wrk.communicate(timeout=seconds + 60)
    cpu = server.cpu_seconds() - before
    line = next((line for line in output.splitlines() if line.startswith("RESULT ")), None)
    if wrk.returncode != 0 or line is None:
        raise Failed(f"wrk failed: {output.strip().splitlines()[-1] if output.strip() else wrk.returncode}")
    result = json.loads(line[len("RESULT "):])
    if result["requests"] == 0:
        raise Failed(f"{server.name} answered no request under load")
    if result["status_errors"]:
        raise Failed(f"{server.name} answered {result['status_errors']} requests with an error status under load")
    result["requests_per_second"] = result["requests"] / (result["duration_us"] / 1e6)
    result["cpu_us_per_request"] = cpu * 1e6 / result["requests"]
    result["pss_load_kib"] = pss_kib
    return result


def idle_connection_bytes(server, count):
    """Private memory that `count` idle keep-alive connections cost, each after one answered request."""
    before = server.memory_kib("Private_Clean", "Private_Dirty")
    clients = []
    try:
        for index in range(count):
            client = socket.socket()
            client.settimeout(20)
            # A source address for each 5,000, so that no address runs out of ports; no TIME_WAIT is left behind.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            client.bind((f"127.0.0.{2 + index // 5000}", 0))
            client.connect(("127.0.0.1", server.port))
            client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            clients.append(client)
            if len(clients) % 100 == 0:
                for waiting in clients[-100:]:
                    read_reply(waiting)
        time.sleep(1)
        after = server.memory_kib("Private_Clean", "Private_Dirty")
    except OSError as reason:
        raise Failed(f"{server.name}: idle connection {len(clients) + 1} of {count}: {reason}") from None
    finally:
        for client in clients:
            client.close()
    return (after - before) * 1024 / count


def stripped_bytes(program):
    with tempfile.TemporaryDirectory(prefix="tern-bench-") as folder:
        copy = os.path.join(folder, "program")
        shutil.copyfile(program, copy)
        subprocess.run(["strip", copy], check=True)
        return os.path.getsize(copy)


def summary(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}
