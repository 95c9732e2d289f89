"""The application ledger.c with its own database, clients that write and record what they did, and the checks
afterwards.

    with ledger.Place("postgres") as place, place.serve(workers=2) as app, ledger.Writers(app) as writers:
        writers.wait_done(500)
        ...
    ledger.check_books(place, [writers])
"""

import concurrent.futures
import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.parse

import harness
import shared_postgres
from harness import check, check_equal, test, wait_for

ACCOUNTS, OPENING = 6, 1000
WAIT_MS = 300          # for a connection, unless a test sets another one
SLACK_S = 4            # what a sanitized build on a loaded machine may add to a limit
REFUSED = (503, 504, 507)


def server():
    """Makes its commits durable when they are acknowledged."""
    return shared_postgres.server({"fsync": "on"})


def main():
    """Like harness.main, for a file of tests that use this module."""
    return harness.main(programs=("ledger",))


def on(*engines):
    """Runs the test once for each engine, with a Place as argument."""
    def decorate(function):
        for engine in engines:
            def one(engine=engine):
                with Place(engine) as place:
                    function(place)
            one.__name__ = f"{function.__name__}_on_{engine}"
            test(one)
        return function
    return decorate


on_both = on("sqlite", "postgres")


# -- databases and applications --------------------------------------------------------------------------------------

class Place:
    """An empty database of one engine."""

    databases = 0

    def __init__(self, engine, folder=None):
        self.engine = engine
        self.folder = folder or tempfile.mkdtemp(prefix="tern-ledger-")
        self.file = os.path.join(self.folder, "app.db")
        self.url = f"sqlite:{self.file}"
        if engine == "postgres":
            Place.databases += 1
            self.database = f"ledger{os.getpid()}_{Place.databases}"
            server().psql(f"create database {self.database}", "postgres")
            self.url = server().url(self.database)

    def serve(self, *flags, url=None, workers=1, pool=0, wait_ms=WAIT_MS, query_ms=0, replica=None,
              has_accounts=True):
        """The application, listening; its accounts are opened the first time."""
        app = App(url or self.url, *flags, workers=workers, pool=pool, wait_ms=wait_ms, query_ms=query_ms,
                  replica=replica)
        if has_accounts:
            try:
                status, reply = app.post("/accounts", {"accounts": ACCOUNTS})
                check(status in (201, 409), f"opening the accounts: {status} {reply}")
            except BaseException as failure:
                app.__exit__(type(failure))
                raise
        return app

    def start_in_vain(self, url=None):
        """Starts the application where it must fail to start; returns its output."""
        env = harness._settings({"TERN_DATABASE_URL": url or self.url})
        done = subprocess.run([harness.program("ledger"), "--port", "0", "--workers", "1"], env=env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        check_equal(done.returncode, 1, f"exit code: {done.stderr}")
        return done.stderr

    def rows(self, sql):
        """The result of a query that bypasses the application: lists of texts."""
        if self.engine == "postgres":
            return [line.split("|") for line in server().psql(sql, self.database).splitlines()]
        with self.open() as database:
            return [[str(value) for value in row] for row in database.execute(sql)]

    def number(self, sql):
        return int(self.rows(sql)[0][0])

    def open(self):
        """The SQLite file, opened by another process than the application."""
        return Closing(sqlite3.connect(self.file, timeout=10, isolation_level=None, check_same_thread=False))

    def in_transaction(self):
        """Whether a transaction that writes is open in the application."""
        if self.engine == "postgres":
            return self.number("select count(*) from pg_stat_activity where datname = current_database() and "
                               "state = 'idle in transaction'") > 0
        with Closing(sqlite3.connect(self.file, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("begin immediate")
                other.execute("rollback")
                return False
            except sqlite3.OperationalError:
                return True

    def end_backends(self):
        self.rows("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and "
                  "pid <> pg_backend_pid()")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


class Closing:
    """A connection of Python's sqlite3 that is closed with its block."""

    def __init__(self, database):
        self.database = database

    def __enter__(self):
        return self.database

    def __exit__(self, *_):
        self.database.close()


class App(harness.Server):
    def __init__(self, url, *flags, workers, pool, wait_ms, query_ms, replica):
        env = {"TERN_DATABASE_URL": url, "LEDGER_POOL": str(pool), "LEDGER_WAIT_MS": str(wait_ms),
               "LEDGER_QUERY_MS": str(query_ms)}
        if replica is not None:
            env["LEDGER_REPLICA_URL"] = replica
        self.nonces = 0
        super().__init__(*flags, name="ledger", workers=workers, env=env)

    def connect(self, timeout=30, receive_buffer=None):
        return super().connect(timeout, receive_buffer)

    def post(self, target, body, method="POST"):
        """Status, and the reply's JSON."""
        with self.connect() as client:
            return post(client, target, body, method)

    def read(self, account=1):
        """Reads an account; returns the status. Checks that an answer belongs to the request."""
        with self.connect() as client:
            return read(client, account, f"n{os.urandom(6).hex()}")

    def together(self, *calls):
        """Makes calls in parallel; returns the result and the duration in seconds of each."""
        def timed(call):
            began = time.monotonic()
            return call(), time.monotonic() - began
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            return [future.result() for future in [pool.submit(timed, call) for call in calls]]

    def wait_recovered(self, seconds=15):
        """Waits until it reads and writes again, and reports that it is ready."""
        wait_for(lambda: self.read() == 200, seconds, "a read that is answered again")
        wait_for(lambda: self.post("/entries", {"id": f"again{os.urandom(6).hex()}", "account_id": 1, "amount": 0})[0]
                 == 201, seconds, "a write that is answered again")
        wait_for(lambda: self.get("/readyz").status == 200, seconds, "readiness")

    def check_pings(self, seconds=SLACK_S):
        began = time.monotonic()
        check_equal(self.get("/ping").text, "pong")
        check(time.monotonic() - began < seconds, "a request without the database waits for it")


def post(client, target, body, method="POST"):
    data = json.dumps(body).encode()
    client.send(f"{method} {target} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
    return answer_of(client.read())


def answer_of(reply):
    is_json = (reply.header("Content-Type") or "").split(";")[0].endswith("json")
    return reply.status, json.loads(reply.body) if is_json else reply.text


def read(client, account, nonce):
    reply = client.get(f"/accounts/{account}?nonce={urllib.parse.quote(nonce, safe='')}")
    if reply.status == 200:
        answer = json.loads(reply.body)
        check_equal((answer["nonce"], answer["count"]), (nonce, account), "whom the answer is for")
    return reply.status


def transfer(number, source, to, **more):
    return {"id": number, "from": source, "to": to, "amount": 7, **more}


@contextlib.contextmanager
def meanwhile(app, call):
    """Runs a call in parallel with the block; yields a list that has its result after the block."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    try:
        yield results
    finally:
        thread.join(30)
    check(not thread.is_alive(), "the request was answered")


# -- clients that write ----------------------------------------------------------------------------------------------

class Writers:
    """Clients that transfer, insert and read continuously, and record what was acknowledged and what went wrong."""

    def __init__(self, *apps, clients=4, seed=1, mark=""):
        self.apps, self.seed, self.mark = apps, seed, mark
        self.acknowledged = set()  # ids of entries
        self.done = self.refused = self.lost = 0
        self.wrong, self.longest_s = [], 0.0
        self.is_over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(clients)]

    def _run(self, number):
        rng = random.Random(f"{self.seed}:{number}")
        client, count = None, 0
        while not self.is_over.is_set():
            count += 1
            began = time.monotonic()
            status = None
            try:
                client = client or self.apps[number % len(self.apps)].connect(timeout=30)
                status = self._once(client, rng, f"w{self.mark}{number}n{count}")
            except TimeoutError:
                self.wrong.append("no answer within 30 s")
                client.close()
                client = None
            except OSError:
                if client is not None:
                    client.close()
                client = None
            except (AssertionError, ValueError, KeyError) as error:
                self.wrong.append(repr(error))
            with self._lock:
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                self.done += status in (200, 201)
                self.refused += status in REFUSED
                self.lost += status is None
            if status not in (200, 201):
                time.sleep(0.002)  # a pause, not a wait: the server is in trouble
        if client is not None:
            client.close()

    def _once(self, client, rng, name):
        """Sends one request; returns its status if the status is allowed."""
        kind = rng.randrange(8)
        made = ()
        if kind < 3:
            source, to = rng.sample(range(1, ACCOUNTS + 1), 2)
            status, reply = post(client, "/transfers", transfer(name, source, to))
            made = (f"{name}-out", f"{name}-in")
        elif kind < 6:
            status, reply = post(client, "/entries", {"id": name, "account_id": rng.randrange(1, ACCOUNTS + 1),
                                                      "amount": 0, "note": name})
            made = (name,)
        elif kind == 6:
            status, reply = read(client, rng.randrange(1, ACCOUNTS + 1), name), None
        else:
            status, reply = answer_of(client.get(f"/total?nonce={name}"))
            if status == 200:
                check_equal(reply, {"nonce": name, "count": ACCOUNTS, "total": ACCOUNTS * OPENING}, "the total")
        check(status in (200, 201, *REFUSED), f"{name}: {status} {reply}")
        if status == 201:
            with self._lock:
                self.acknowledged.update(made)
        return status

    def wait_done(self, more, seconds=30):
        goal = self.done + more
        wait_for(lambda: self.done >= goal or self.wrong, seconds, f"{more} more answers")

    def wait_refused(self, seconds=30):
        """Waits until another request is refused or lost."""
        goal = self.refused + self.lost
        wait_for(lambda: self.refused + self.lost > goal or self.wrong, seconds, "a request that is refused")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self._threads:
            thread.join(40)
            if thread.is_alive():
                self.wrong.append("a client hangs")


# -- what must hold --------------------------------------------------------------------------------------------------

def change_types(place, writers, times=6):
    """Another process changes the types of columns while the writers continue. Each change invalidates some prepared
    statements."""
    for number in range(times):
        types = ("integer", "varchar(200)", "varchar(60)") if number % 2 == 0 else ("bigint", "text", "text")
        for column, kind in zip(("account alter balance", "entry alter note", "entry alter id"), types):
            writers.wait_done(10)
            place.rows(f"set deadlock_timeout = '10s'; alter table {column} type {kind}")
        writers.wait_done(20)


def rebuild_tables(place, writers, times=6):
    """The SQLite variant: another process rebuilds tables, as migrations do, with another order of columns."""
    with place.open() as database:
        for number in range(times):
            writers.wait_done(20)
            columns = "amount, note, account_id, id" if number % 2 == 0 else "id, account_id, amount, note"
            database.executescript(
                f"pragma foreign_keys = off; begin immediate; create table made as select {columns} from entry; "
                "drop table entry; create table entry (" +
                ", ".join({"id": "id text primary key not null", "amount": "amount integer not null",
                           "note": "note text", "account_id": "account_id integer not null references account"}[name]
                          for name in columns.split(", ")) +
                ") strict; insert into entry select * from made; drop table made; "
                "create index entry_account_id_idx on entry (account_id); commit")
        writers.wait_done(20)


def check_books(place, writers=()):
    """Checks that nothing acknowledged is lost, no transfer is incomplete, and no answer was wrong."""
    for one in writers:
        check(not one.wrong, f"wrong answers: {one.wrong[:3]}")
    check_equal(place.number("select sum(balance) from account"), ACCOUNTS * OPENING, "the sum over the accounts")
    check_equal(place.rows("select id, balance from account where balance <> "
                           f"{OPENING} + (select coalesce(sum(amount), 0) from entry where account_id = account.id)"),
                [], "accounts that do not hold what their entries add up to")
    entries = {row[0] for row in place.rows("select id from entry")}
    halves = [name for name in entries if name.endswith("-out") and name[:-4] + "-in" not in entries]
    halves += [name for name in entries if name.endswith("-in") and name[:-3] + "-out" not in entries]
    check_equal(halves, [], "halves of transfers")
    for one in writers:
        check_equal(sorted(one.acknowledged - entries)[:5], [], "acknowledged entries that are lost")
