"""The tests' own Redis servers, on free ports of 127.0.0.1 and in temporary folders.

    with redis.Server() as server:
        server.url()                       redis://127.0.0.1:PORT
        server.cli("SET", "a", "1")        by redis-cli
        server.kill(); server.start()      as a crash
        server.pause(); server.resume()    SIGSTOP, SIGCONT

    with redis.Sentinels(servers) as sentinels: ...     a master, its replicas, and three sentinels
    with redis.Cluster() as cluster: ...                three masters that share the slots
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

from ports import free_port

START_S = 20


def is_installed():
    return shutil.which("redis-server") is not None and shutil.which("redis-cli") is not None


def wait_for(condition, text, seconds=START_S):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {text}")


class Server:
    """One process of redis-server with these settings, each a name and its value."""

    def __init__(self, *settings, port=None, mode=()):
        self.port = port or free_port()
        self.folder = tempfile.mkdtemp(prefix="tern-redis-")
        self.settings, self.mode, self.process = list(settings), list(mode), None
        self.cli_options = []
        self.start()

    def _command(self):
        command = ["redis-server"]
        if self.mode:  # a sentinel: its settings are in a file that it writes to
            path = os.path.join(self.folder, "redis.conf")
            with open(path, "w", encoding="ascii") as file:
                file.write("\n".join([f"port {self.port}", "bind 127.0.0.1", *self.settings]) + "\n")
            return [*command, path, *self.mode]
        for each in [f"port {self.port}", "bind 127.0.0.1", "save ''", "appendonly no", *self.settings]:
            name, _, value = each.partition(" ")
            command += [f"--{name}", *([""] if value == "''" else value.split(" "))]
        return command

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(self._command(), cwd=self.folder, stdout=log, stderr=log)
        wait_for(lambda: "PONG" in self.cli("PING") or "NOAUTH" in self.cli("PING"), "redis-server answers")

    def url(self, user="", path="", scheme="redis"):
        return f"{scheme}://{user}127.0.0.1:{self.port}{path}"

    def cli(self, *words):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *self.cli_options, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, timeout=30)
        return done.stdout.decode("utf-8", "replace").strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()  # also when it is paused
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Sentinels:
    """A master, a replica, and three sentinels that replace the master half a second after it is gone."""

    NAME = "mymaster"

    def __init__(self, *settings):
        self._stack = contextlib.ExitStack()
        self.master = self._stack.enter_context(Server(*settings))
        self.replica = self._stack.enter_context(Server(f"replicaof 127.0.0.1 {self.master.port}", *settings))
        self.sentinels = [self._stack.enter_context(Server(
            f"sentinel monitor {self.NAME} 127.0.0.1 {self.master.port} 2",
            f"sentinel down-after-milliseconds {self.NAME} 500", f"sentinel failover-timeout {self.NAME} 3000",
            mode=["--sentinel"])) for _ in range(3)]
        for each in self.sentinels:
            wait_for(lambda each=each: self._is_complete(each), "sentinels that know each other and the replica")

    def _is_complete(self, sentinel):
        found = sentinel.cli("SENTINEL", "master", self.NAME).split("\n")
        facts = dict(zip(found[::2], found[1::2]))
        return facts.get("num-slaves") == "1" and facts.get("num-other-sentinels") == "2"

    def url(self):
        return "redis+sentinel://" + ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels) + f"/{self.NAME}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()


class Cluster:
    """Three masters."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self.nodes = [self._stack.enter_context(Server(
            "cluster-enabled yes", "cluster-node-timeout 1000", f"cluster-port {free_port()}")) for _ in range(3)]
        bus = [int(each.settings[-1].split(" ")[1]) for each in self.nodes]
        bounds = [0, 5461, 10923, 16384]
        for at, node in enumerate(self.nodes):
            node.cli("CLUSTER", "ADDSLOTSRANGE", str(bounds[at]), str(bounds[at + 1] - 1))
            node.cli("CLUSTER", "SET-CONFIG-EPOCH", str(at + 1))
            if at > 0:
                self.nodes[0].cli("CLUSTER", "MEET", "127.0.0.1", str(node.port), str(bus[at]))
        for node in self.nodes:
            wait_for(lambda node=node: "cluster_state:ok" in node.cli("CLUSTER", "INFO") and
                     node.cli("CLUSTER", "NODES").count("connected") >= 3, "a cluster that is whole")

    def url(self):
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port},127.0.0.1:{self.nodes[1].port}"

    def node_of(self, slot):
        return self.nodes[0 if slot < 5461 else 1 if slot < 10923 else 2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()
