#!/usr/bin/env python3
"""Clients that leave while their statements run: the statements end, and other clients do not wait for their
connections."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import harness
import shared_postgres
from harness import Server, check, check_equal, test, wait_for
from ports import free_port

ROWS = 3000
SOON_S = 4  # far below the half minute that the statements would take


class OnSqlite:
    def __init__(self, folder):
        self.url = f"sqlite:{folder}/app.db"

    def running(self):
        return 0  # its statements run in the worker: only the wait of others shows it


class OnPostgres:
    databases = 0

    def __init__(self, _folder):
        OnPostgres.databases += 1
        self.server = shared_postgres.server()
        self.database = f"leaving{os.getpid()}_{OnPostgres.databases}"
        self.server.psql(f"create database {self.database}", "postgres")
        self.url = self.server.url(self.database)

    def running(self):
        return int(self.server.psql(
            f"select count(*) from pg_stat_activity where datname = '{self.database}' and query like '%pg_sleep%' and "
            "state <> 'idle' and pid <> pg_backend_pid()", "postgres"))


class OnPgbouncer(OnPostgres):
    """PostgreSQL with PgBouncer before it, a server connection for each client."""

    def __init__(self, folder):
        if shutil.which("pgbouncer") is None:
            raise harness.Skip("PgBouncer is not installed")
        super().__init__(folder)
        port = free_port()
        path = os.path.join(folder, "pgbouncer.ini")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"[databases]\n* = host=127.0.0.1 port={self.server.port} user=tern password=secret\n"
                       f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\n"
                       f"unix_socket_dir =\npool_mode = session\nlogfile = {folder}/pgbouncer.log\n")
        os.chmod(folder, 0o777)
        os.chmod(path, 0o644)
        user = ["-u", "postgres"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(["pgbouncer", *user, path], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.answers(port), text="PgBouncer")
        self.url = f"postgres://tern@127.0.0.1:{port}/{self.database}"

    @staticmethod
    def answers(port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    def close(self):
        self.process.terminate()
        self.process.wait(10)


@contextlib.contextmanager
def serve(engine):
    folder = tempfile.mkdtemp(prefix="tern-leaving-")
    place = None
    try:
        place = engine(folder)
        with Server(name="leaving", env={"TERN_DATABASE_URL": place.url}) as app:
            yield place, app
    finally:
        if hasattr(place, "close"):
            place.close()
        shutil.rmtree(folder, ignore_errors=True)


def leave(app, target, after_s=0.3):
    """Sends a request, and closes the connection while the request runs."""
    with app.connect() as client:
        client.send(f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        time.sleep(after_s)


def check_left(place, app, target):
    """Two clients leave, which occupied the whole pool; the next request of any kind is answered soon."""
    for _ in range(2):
        leave(app, target)
    began = time.monotonic()
    reply = app.get("/count")
    check_equal((reply.status, reply.text), (200, "0"), "the next request")
    check_equal(app.get("/change").status, 204, "the next write")
    taken_s = time.monotonic() - began
    check(taken_s < SOON_S, f"the next requests took {taken_s:.1f} s")
    wait_for(lambda: place.running() == 0, seconds=SOON_S, text="the end of the statements")


def on_each(function):
    for engine in (OnSqlite, OnPostgres, OnPgbouncer):
        def one(engine=engine):
            with serve(engine) as (place, app):
                function(place, app)
        one.__name__ = f"{function.__name__}_{engine.__name__.lower().replace('on', 'on_', 1)}"
        test(one)
    return function


@on_each
def threat_125_a_read_whose_client_leaves_ends(place, app):
    check_left(place, app, "/read")


@on_each
def threat_125_a_write_whose_client_leaves_ends_undone(place, app):
    check_left(place, app, "/write")


@on_each
def threat_125_a_transaction_whose_client_leaves_is_rolled_back(place, app):
    check_left(place, app, "/transaction")


@on_each
def threat_125_rows_whose_client_leaves_end(place, app):
    if place.url.startswith("sqlite"):
        path = place.url[len("sqlite:"):]
        import sqlite3  # pylint: disable=import-outside-toplevel
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.execute("insert into kept (id, number) values (1, 1)")
    else:
        place.server.psql(f"insert into kept (id, number) select n, 1 from generate_series(1, {ROWS}) n",
                          place.database)
    rows = app.get("/count").text
    for _ in range(2):
        leave(app, "/rows")
    began = time.monotonic()
    check_equal(app.get("/count").text, rows, "rows")
    check(time.monotonic() - began < SOON_S, "the next request is answered soon")
    wait_for(lambda: place.running() == 0, seconds=SOON_S, text="the end of the rows")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("leaving",)))
