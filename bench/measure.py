"""Measured servers: starts them, and reads their costs from /proc."""

import glob
import os
import resource
import signal
import socket
import statistics
import subprocess
import time

import h2
import wire
from console import Failed

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 15
SETTLES_S = 0.5  # from the first answer to the measure of idle memory: by then all workers have started


def summary(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def raise_file_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Server:
    """A server process and all its children, on its own cores; stopped at the end of the block."""

    def __init__(self, name, command, port, cores, folder=None, settings=None, log=os.devnull,
                 secure=False, protocol="http/1.1"):
        """`cores` in the format of taskset, "" for any; `settings` are added to the environment."""
        self.name, self.port, self.log = name, port, log
        self.secure, self.protocol = secure, protocol
        pinned = ["taskset", "-c", cores, *command] if cores else command
        if not is_free(port):
            raise Failed(f"{name}: port {port} is busy")
        with open(log, "wb") as output:
            started = time.monotonic()
            self.process = subprocess.Popen(pinned, cwd=folder, env={**os.environ, **(settings or {})},
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            start_new_session=True)
        try:
            self.start_ms = self.wait_for_answer(started)
        except BaseException:
            self.stop()
            raise

    def wait_for_answer(self, started):
        while time.monotonic() - started < STARTS_WITHIN_S:
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended at once (exit {self.process.returncode}){self.last_words()}")
            try:
                self.ask_once()
                return (time.monotonic() - started) * 1000
            except ConnectionError:
                time.sleep(0.0005)
            except wire.Broken:
                time.sleep(0.01)
        raise Failed(f"{self.name} did not answer within {STARTS_WITHIN_S} s{self.last_words()}")

    def ask_once(self):
        """GET / on a connection of its own, answered completely."""
        try:
            if self.protocol == "h2":
                h2.probe(self.port, self.secure)
                return
            with wire.Client(self.port, context=wire.tls_context() if self.secure else None) as client:
                client.send(wire.request("GET", "/"))
                client.read()
        except wire.WrongProtocol as reason:
            raise Failed(f"{self.name}: {reason}") from None

    def last_words(self):
        if not os.path.isfile(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
        return f": {lines[-1][:200]}" if lines else ""

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
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # and its remaining children
        except ProcessLookupError:
            pass
        self.process.wait()

    def tree(self):
        """The processes of the server: its session and all descendants."""
        parents, found = {}, {self.process.pid}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="ascii", errors="replace") as file:
                    text = file.read()
            except OSError:
                continue
            pid, words = int(text.split(" ", 1)[0]), text.rpartition(")")[2].split()
            parents[pid] = int(words[1])
            if int(words[3]) == self.process.pid:
                found.add(pid)
        grown = True
        while grown:
            below = {pid for pid, parent in parents.items() if parent in found} - found
            found |= below
            grown = bool(below)
        return found

    def cpu_seconds(self):
        """User and system time of the tree, including dead children."""
        ticks = 0
        for pid in self.tree():
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    words = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            ticks += sum(int(word) for word in words[11:15])
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

    def settled_memory_kib(self):
        """PSS of the tree half a second after its first answer."""
        time.sleep(SETTLES_S)
        return self.memory_kib("Pss")
