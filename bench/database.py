"""The databases of the database tests: created, filled and queried by the harness, and removed after it."""

import glob
import os
import pwd
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import measure
from console import Failed
from contract import ROWS

FORTUNES = [
    "A computer scientist is someone who fixes things that aren't broken.",
    "After enough decimal places, nobody gives a damn.",
    "Any program that runs right is obsolete.",
    "Nothing is so permanent as a temporary fix & nothing so temporary as a permanent one.",
    "<script>alert(\"This should not be displayed in a browser alert box.\");</script>",
    "フレームワークのベンチマーク",
    "The first 90 % of the work takes 90 % of the time, the other 10 % the other 90 %.",
    "It works on my machine.",
    "There are two hard things: naming, caches and off-by-one errors.",
    "Weeks of coding can save you hours of planning.",
    "Never measure with a clock that you have not looked at.",
    "A good plan today is better than a \"perfect\" plan tomorrow.",
]
TABLES = ("CREATE TABLE world (id integer PRIMARY KEY, random_number integer NOT NULL)",
          "CREATE TABLE fortune (id integer PRIMARY KEY, message text NOT NULL)")
INSTALL_POSTGRES = "PostgreSQL is not installed; apt-get install postgresql"
POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "600", "shared_buffers": "256MB",
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off",
    "logging_collector": "off",
}


def world_rows():
    """The same rows in every run."""
    numbers = random.Random(1)
    return [(key, numbers.randint(1, ROWS)) for key in range(1, ROWS + 1)]


def fortune_rows():
    return list(enumerate(FORTUNES, 1))


class Sqlite:
    """A file in WAL mode."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tern-bench-")
        self.path = os.path.join(self.folder, "bench.db")
        self.url = f"sqlite:{self.path}"
        with self.open() as database:
            database.execute("PRAGMA journal_mode = WAL")
            for table in TABLES:
                database.execute(table)
            database.executemany("INSERT INTO world VALUES (?, ?)", world_rows())
            database.executemany("INSERT INTO fortune VALUES (?, ?)", fortune_rows())

    def open(self):
        return sqlite3.connect(self.path, timeout=10)

    def world(self):
        return dict(self.open().execute("SELECT id, random_number FROM world"))

    def fortunes(self):
        return self.open().execute("SELECT id, message FROM fortune").fetchall()

    def pin(self, _cores):
        """The database runs inside of the server."""

    def version(self):
        return f"SQLite {sqlite3.sqlite_version} (the harness's; each peer has its own)"

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres:
    """A new cluster on a free port, in a temporary folder; it may lose data at a crash (fsync off)."""

    def __init__(self):
        self.programs = self.find()
        self.folder = tempfile.mkdtemp(prefix="tern-bench-")
        self.process = None
        self.port = measure.free_port()
        self.url = f"postgres://bench:bench@127.0.0.1:{self.port}/bench"
        # PostgreSQL refuses to run as root.
        self.owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def find():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
        path = found[-1] if found else shutil.which("initdb")
        if path is None or shutil.which("psql") is None:
            raise Failed(INSTALL_POSTGRES)
        return os.path.dirname(path)

    def start(self):
        password = os.path.join(self.folder, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write("bench\n")
        if self.owner:
            account = pwd.getpwnam("postgres")
            for path in (self.folder, password):
                os.chown(path, account.pw_uid, account.pw_gid)
        self.must([os.path.join(self.programs, "initdb"), "-D", f"{self.folder}/data", "-U", "bench", "-E", "UTF8",
                   "--locale=C", "-A", "scram-sha-256", "--pwfile", password])
        settings = [word for name, value in POSTGRES_SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.programs, "postgres"), "-D", f"{self.folder}/data", "-p", str(self.port), *settings],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self.owner)
        self.must([os.path.join(self.programs, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], tries=100)
        self.ask("CREATE DATABASE bench", name="postgres")
        rows = ";".join([
            *TABLES,
            "INSERT INTO world VALUES " + ",".join(f"({key},{number})" for key, number in world_rows()),
            "INSERT INTO fortune VALUES " + ",".join(f"({key},'{quoted(text)}')" for key, text in fortune_rows()),
            "ANALYZE"])
        self.ask(rows)

    def must(self, command, tries=1):
        for _ in range(tries):
            done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False, **self.owner)
            if done.returncode == 0:
                return
            if tries > 1:
                time.sleep(0.1)
        words = done.stdout.strip().splitlines()
        raise Failed(f"PostgreSQL: {os.path.basename(command[0])} failed: {words[-1] if words else done.returncode}")

    def ask(self, sql, name="bench"):
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                               "-p", str(self.port), "-U", "bench", "-d", name], input=sql, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False, env={**os.environ, "PGPASSWORD": "bench",
                                                                                  "PGCLIENTENCODING": "UTF8"})
        if done.returncode != 0:
            raise Failed(f"PostgreSQL: {done.stderr.strip().splitlines()[-1]}")
        return [line.split("\t", 1) for line in done.stdout.splitlines()]

    def world(self):
        return {int(key): int(number) for key, number in self.ask("SELECT id, random_number FROM world")}

    def fortunes(self):
        return [(int(key), text) for key, text in self.ask("SELECT id, message FROM fortune")]

    def pin(self, cores):
        """New connections are served on these cores."""
        os.sched_setaffinity(self.process.pid, cores)

    def version(self):
        return "PostgreSQL " + self.ask("SHOW server_version")[0][0]

    def close(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # does not wait for connections
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def quoted(text):
    return text.replace("'", "''")


class Databases:
    """The engines in use, each started on first use."""

    KINDS = {"postgres": Postgres, "sqlite": Sqlite}

    def __init__(self):
        self.open, self.broken = {}, {}

    def get(self, engine):
        """The database of an engine, None for tests without one; raises Failed, each time, if it is missing."""
        if not engine:
            return None
        if engine in self.broken:
            raise self.broken[engine]
        if engine not in self.open:
            try:
                self.open[engine] = self.KINDS[engine]()
            except Failed as reason:
                self.broken[engine] = reason
                raise
        return self.open[engine]

    def close(self):
        for database in self.open.values():
            database.close()
