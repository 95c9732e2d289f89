"""The tests' own PostgreSQL server, and a misbehaving proxy between it and its clients.

    with postgres.Server() as server:
        server.url("mydb")              postgres://tern:secret@127.0.0.1:PORT/mydb
        server.kill(); server.start()   as a crash, and its recovery

    with postgres.Proxy(server.port) as proxy:
        proxy.url(server)               the same database through the proxy
        proxy.freeze(); proxy.thaw()    open connections stay, nothing passes
        proxy.cut()                     resets every connection
        proxy.cut_after(100)            resets a connection after that many more bytes from the server
        proxy.delay(0.05)               delays each piece by that time
        proxy.refuse(); proxy.accept()  new connections

The server runs in a temporary folder on a free port, as the user `postgres` when we are root (it refuses root).
Tests of faults control a proxy in another process through its control port: see `Proxy.control_port`.
"""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from ports import free_port

USER, PASSWORD, DATABASE = "tern", "secret", "tern"
START_S = 30


def folder():
    """The folder of the newest installed server's programs; None without one."""
    found = [os.path.dirname(path) for path in glob.glob("/usr/lib/postgresql/*/bin/postgres")]
    if not found and shutil.which("postgres") and shutil.which("initdb"):
        return os.path.dirname(shutil.which("postgres"))
    return max(found, key=lambda path: int(path.split("/")[-2]), default=None)


def _become_postgres():
    """Called in a forked child that will run the server's programs."""
    os.setsid()
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Server:
    """One server; `settings` are lines of postgresql.conf as a dictionary."""

    def __init__(self, settings=None):
        self.programs = folder()
        if self.programs is None:
            raise RuntimeError("PostgreSQL is not installed (apt-get install postgresql)")
        self.folder = tempfile.mkdtemp(prefix="tern-postgres-")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.process = None
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        try:
            self._make(settings or {})
            self.start()
        except BaseException:
            self.remove()
            raise

    def _run(self, *command):
        subprocess.run(command, check=True, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, preexec_fn=_become_postgres, timeout=120)

    def _make(self, settings):
        password = os.path.join(self.folder, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write(PASSWORD)
        os.chmod(password, 0o644)
        self._run(os.path.join(self.programs, "initdb"), "-D", self.data, "-U", USER, f"--pwfile={password}",
                  "--auth=scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync")
        lines = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder, "fsync": "off",
                 "max_connections": "60", "shared_buffers": "32MB", "log_min_messages": "warning",
                 "deadlock_timeout": "100ms", "timezone": "UTC", **settings}
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="ascii") as file:
            for name, value in lines.items():
                file.write(f"{name} = '{value}'\n")

    def start(self):
        """Starts it (again), and returns once it answers."""
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([os.path.join(self.programs, "postgres"), "-D", self.data, "-p",
                                             str(self.port)], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=_become_postgres)
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if self.psql("select 1", "postgres", check=False) == "1":
                self._make_database()
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL does not start: " + self.log()[-2000:])

    def _make_database(self):
        if self.psql(f"select 1 from pg_database where datname = '{DATABASE}'", "postgres") != "1":
            self.psql(f"create database {DATABASE}", "postgres")

    def psql(self, sql, database=DATABASE, check=True):
        """Runs SQL; returns what it prints, unaligned and without headers."""
        done = subprocess.run([os.path.join(self.programs, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
                               self.url(database), "-c", sql], check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        if check and done.returncode != 0:
            raise RuntimeError(done.stderr.decode("utf-8", "replace").strip())
        return done.stdout.decode().strip()

    def url(self, database=DATABASE, port=None):
        return f"postgres://{USER}:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, how=signal.SIGINT):
        """Stops it: SIGINT closes connections (a fast shutdown), SIGTERM waits for them, SIGQUIT is a crash."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self):
        """Sends SIGKILL to the server and all of its processes, as if the machine failed."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)  # so that it forks no more children in the meantime
            pids = self.pids()
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait(30)
            end = time.monotonic() + START_S
            while any(map(_runs, pids)) and time.monotonic() < end:  # the next start fails while their memory exists
                time.sleep(0.005)
        self.process = None

    def pids(self):
        """The server's own process and its children."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return [self.process.pid, *map(int, file.read().split())]

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def freeze(self):
        """Stops all answers; connections stay open."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.remove()


class Proxy:
    """A TCP proxy in front of 127.0.0.1:`target`, in threads of this process; `server` for `restart` by the control
    port."""

    def __init__(self, target, server=None):
        self.target, self._server = target, server
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self._control = socket.create_server(("127.0.0.1", 0))
        self.control_port = self._control.getsockname()[1]
        self.passed = 0  # bytes from the server to clients so far
        self._pairs, self._lock = [], threading.Lock()
        self._passing = threading.Event()
        self._passing.set()
        self._delay_s = 0
        self._left = None  # bytes that may still pass from the server
        self._refuses = self._is_closed = False
        for work in (self._accept, self._obey):
            threading.Thread(target=work, daemon=True).start()

    def url(self, server, database=DATABASE):
        return server.url(database, self.port)

    # -- what tests do to it

    def freeze(self):
        self._passing.clear()

    def thaw(self):
        self._passing.set()

    def delay(self, seconds):
        self._delay_s = seconds

    def cut(self):
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                self._reset(end)

    def cut_after(self, count):
        self._left = count

    def refuse(self):
        self._refuses = True

    def accept(self):
        self._refuses = False

    def close(self):
        self._is_closed = True
        self._left = None
        self.thaw()
        self.listener.close()
        self._control.close()
        self.cut()

    # -- how it works

    @staticmethod
    def _reset(end):
        try:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
        except OSError:
            pass
        try:
            end.close()
        except OSError:
            pass

    def _accept(self):
        while not self._is_closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self._refuses:
                self._reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                self._reset(client)
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.append((client, server))
            for source, to, is_answer in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(source, to, is_answer), daemon=True).start()

    def _pass(self, source, to, is_answer):
        try:
            while True:
                data = source.recv(65536)
                self._passing.wait()
                if self._delay_s:
                    time.sleep(self._delay_s)
                if is_answer and self._left is not None:
                    data, left = data[:self._left], self._left - len(data)
                    to.sendall(data)
                    self._left = left if left > 0 else None
                    if left <= 0:
                        self.cut()
                        return
                    continue
                if not data:
                    break
                to.sendall(data)
                self.passed += len(data) if is_answer else 0
        except OSError:
            pass
        for end in (source, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _obey(self):
        """Each line to the control port (`cut_after 100`) is a call; the answer is `ok` or a number. `restart` kills
        the server and starts it again."""
        while not self._is_closed:
            try:
                control, _ = self._control.accept()
            except OSError:
                return
            with control, control.makefile("rw") as lines:
                for line in lines:
                    name, *values = line.split()
                    if name == "passed":
                        answer = self.passed
                    elif name == "restart":
                        answer = "ok"
                        self._server.kill()
                        self._server.start()
                    else:
                        getattr(self, name)(*map(float if name == "delay" else int, values))
                        answer = "ok"
                    lines.write(f"{answer}\n")
                    lines.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def for_unit_tests(wanted=True):
    """A server and a proxy for tests/unit/data/postgres_*.c. Yields the beginning of a test program's command, which
    passes their addresses; nothing if PostgreSQL is not installed or not wanted: the tests are skipped then."""
    if not wanted or folder() is None:
        print("SKIPPED  the tests of the PostgreSQL engine: " + ("no server is installed (apt-get install postgresql)"
              if wanted else "this build runs under an emulator"), flush=True)
        yield []
        return
    with Server() as server, Proxy(server.port, server) as proxy:
        yield ["env", f"TERN_TEST_POSTGRES={server.url()}", f"TERN_TEST_POSTGRES_PROXY={proxy.url(server)}",
               f"TERN_TEST_POSTGRES_CONTROL={proxy.control_port}"]


def main():
    """`python3 tests/postgres.py COMMAND ...` runs a command with a server for it."""
    with for_unit_tests() as before:
        return subprocess.run([*before, *sys.argv[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
