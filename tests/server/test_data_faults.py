#!/usr/bin/env python3
"""Databases that fail under an application (ledger.c): requests are refused in bounded time, it recovers afterwards,
and no answer goes to the wrong request."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time

import harness
import ledger
from harness import Skip, check, check_equal, test, wait_for
from ledger import (ACCOUNTS, SLACK_S, WAIT_MS, Place, Writers, check_books, meanwhile, on, on_both, transfer)
from shared_postgres import postgres

WAIT_S = WAIT_MS / 1000


def check_refused(results, least=1, statuses=(503, 504), seconds=WAIT_S + SLACK_S):
    """Checks that at least that many results of App.together were refused, and that all came in bounded time."""
    got = [status for status, _ in results]
    check(sum(status in statuses for status in got) >= least, f"refused with {statuses}: {got}")
    check(all(status in (200, 201, *statuses) for status in got), f"statuses: {got}")
    slowest = max(taken for _, taken in results)
    check(slowest < seconds, f"an answer took {slowest:.1f} s")


def send(app, number, source, to, path="/transfers", **more):
    """A call for App.together; returns the transfer's status."""
    return lambda: app.post(path, transfer(number, source, to, **more))[0]


# -- PostgreSQL ------------------------------------------------------------------------------------------------------

@on("postgres")
def threat_102_a_database_killed_and_started_again_under_load_is_used_again(place):
    with place.serve(workers=2) as app:
        with Writers(app) as writers:
            writers.wait_done(100)
            ledger.server().kill()
            writers.wait_refused()
            check_refused(app.together(app.read, app.read), least=2)
            app.check_pings()
            check_equal(app.get("/readyz").status, 503, "readiness without a database")
            ledger.server().start()
            app.wait_recovered()
            writers.wait_done(100)
        check(writers.longest_s < WAIT_S + SLACK_S, f"the longest answer took {writers.longest_s:.1f} s")
        check_books(place, [writers])


@contextlib.contextmanager
def database_away():
    """Kills PostgreSQL; it runs again at the end of the block at the latest."""
    ledger.server().kill()
    try:
        yield
    finally:
        if ledger.server().process is None:
            ledger.server().start()


@on("postgres")
def threat_102_an_application_starts_without_its_database_and_finds_it_later(place):
    with place.serve():
        pass
    with database_away(), place.serve(workers=2, has_accounts=False) as app:
        app.wait_logged("started without the database")
        check_refused(app.together(app.read, app.read, send(app, "t1", 1, 2)), least=3, statuses=(503,))
        app.check_pings()
        check_equal(app.get("/readyz").status, 503, "readiness without a database")
        ledger.server().start()
        app.wait_recovered()
        check_equal(app.post("/transfers", transfer("t2", 1, 2))[0], 201)
    check_books(place)


@on("postgres")
def an_application_that_started_without_its_database_makes_its_tables_later(place):
    with database_away(), place.serve(workers=2, has_accounts=False) as app:
        check_equal(app.read(), 503)
        ledger.server().start()
        wait_for(lambda: app.post("/accounts", {"accounts": ACCOUNTS})[0] == 201, text="tables")
        app.wait_recovered()
    check_books(place)


@on("postgres")
def an_application_that_started_without_its_database_does_not_use_a_foreign_one(place):
    place.rows("create table account (id text)")
    with database_away(), place.serve(has_accounts=False) as app:
        check_equal(app.read(), 503)
        ledger.server().start()
        wait_for(lambda: (app.read(), app.logged("the database cannot be used"))[1], text="the cause in the log")
        check("has tables that neither a migration nor an earlier start of this program has made" in
              app.logged("the database cannot be used"), str(app.lines[-1]))
        check_equal(app.read(), 503)
        check_equal(app.get("/readyz").status, 503, "readiness")
    check_equal(place.rows("select count(*) from account"), [["0"]], "the other's table")


@on("postgres")
def threat_102_an_answer_cut_in_the_middle_reaches_no_client(place):
    with postgres.Proxy(ledger.server().port) as proxy:
        with place.serve(url=ledger.server().url(place.database, proxy.port), pool=2, wait_ms=2000) as app:
            for count in (1, 5, 17, 60, 61, 130, 200, 333, 500, 800):
                proxy.cut_after(count)
                results = app.together(*[lambda n=n: app.read(n % ACCOUNTS + 1) for n in range(6)],
                                       send(app, f"c{count}", 1, 2))
                check_refused(results, least=0, seconds=2 + SLACK_S)
                app.wait_recovered()
    check_books(place)


@on("postgres")
def threat_102_a_frozen_database_times_out_and_then_works_again(place):
    with postgres.Proxy(ledger.server().port) as proxy:
        url = ledger.server().url(place.database, proxy.port)
        with place.serve(url=url, pool=2, query_ms=400) as app:
            check_equal(app.read(), 200)
            proxy.freeze()
            results = app.together(*[app.read] * 4, send(app, "f1", 1, 2))
            check_refused(results, least=5, seconds=WAIT_S + 0.4 + SLACK_S)
            app.check_pings()
            proxy.thaw()
            app.wait_recovered()
    check_books(place)


@on("postgres")
def threat_102_a_slow_database_answers_everyone_their_own(place):
    with postgres.Proxy(ledger.server().port) as proxy:
        with place.serve(url=ledger.server().url(place.database, proxy.port), pool=2, wait_ms=10000) as app:
            proxy.delay(0.02)
            results = app.together(*[lambda n=n: app.read(n % ACCOUNTS + 1) for n in range(12)],
                                   *[send(app, f"s{n}", 1 + n, 2 + n) for n in range(3)])
            check_equal(sorted(status for status, _ in results), [200] * 12 + [201] * 3)
            app.check_pings()
    check_books(place)


@on("postgres")
def threat_126_columns_that_change_under_load_do_not_fail_requests(place):
    with place.serve(workers=2, pool=3, wait_ms=10000) as app:
        with Writers(app, clients=6) as writers:
            ledger.change_types(place, writers)
        app.wait_recovered()
        check(writers.refused < 100, f"refused: {writers.refused}")
    check_books(place, [writers])


@on("sqlite")
def threat_126_tables_that_are_rebuilt_under_load_do_not_fail_requests(place):
    with place.serve(workers=2, wait_ms=10000) as app:
        with Writers(app, clients=6) as writers:
            ledger.rebuild_tables(place, writers)
        app.wait_recovered()
        check_equal(writers.refused, 0, "refused")
    check_books(place, [writers])


@on("postgres")
def threat_102_too_many_connections_are_refused_in_time_and_reported(place):
    name = place.database
    ledger.server().psql(f"create role few_{name} login password 'few'; "
                         f"alter database {name} owner to few_{name}", "postgres")
    url = place.url.replace(f"{postgres.USER}:{postgres.PASSWORD}", f"few_{name}:few")
    with place.serve(url=url, pool=4) as app:
        ledger.server().psql(f"alter role few_{name} connection limit 1", "postgres")
        place.end_backends()
        wait_for(lambda: app.read() == 200, text="the one connection")
        calls = [send(app, f"m{n}", n + 1, n + 2, hold_ms=800) for n in range(4)]
        results = app.together(*calls)
        check_refused(results, least=3, statuses=(503,), seconds=WAIT_S + 0.8 + SLACK_S)
        check_equal([status for status, _ in results].count(201), 1, "transfers over the one connection")
        line = app.wait_logged("too many connections for role")
        check(line is not None and "max_connections" in line, f"the log: {app.lines[-3:]}")
        app.wait_recovered()
    check_books(place)


@on("postgres")
def threat_102_a_password_that_becomes_wrong_is_reported_once_and_not_shown(place):
    name = place.database
    alter = f"alter role key_{name} password"
    ledger.server().psql(f"create role key_{name} login password 'open-sesame'; "
                         f"alter database {name} owner to key_{name}", "postgres")
    url = place.url.replace(f"{postgres.USER}:{postgres.PASSWORD}", f"key_{name}:open-sesame")
    err = place.start_in_vain(url=url.replace("open-sesame", "open-barley"))
    check("password authentication failed" in err and err.count("\n") == 1, err)
    check("open-barley" not in err, "the password in the message")
    with place.serve(url=url) as app:
        check_equal(app.read(), 200)
        ledger.server().psql(f"{alter} 'changed'", "postgres")
        place.end_backends()
        wait_for(lambda: app.read() == 503, text="a refusal")
        check_refused(app.together(*[app.read] * 3), least=3, statuses=(503,))
        wait_for(lambda: app.logged("password authentication failed"), text="the line in the log")
        wait_for(lambda: app.read() == 503 and app.count_logged("requests since the last such line") >= 2,
                 text="what is said once a second of many requests")
        check(app.count_logged("the database says") <= 5, "one line a second for what many requests are told")
        check_equal(app.count_logged("no connection to PostgreSQL: "), 1, "lines that tell the cause")
        check("check user and password" in app.wait_logged("no connection to PostgreSQL"), "what to do")
        ledger.server().psql(f"{alter} 'open-sesame'", "postgres")
        app.wait_recovered()
        check_equal(app.count_logged("open-sesame"), 0, "lines with the password")


@on("postgres")
def threat_102_a_database_that_became_read_only_is_read_from_and_refuses_writes(place):
    with place.serve() as app:
        place.rows(f"alter database {place.database} set default_transaction_read_only = on")
        place.end_backends()
        wait_for(lambda: app.read() == 200, text="a read")
        check_refused(app.together(send(app, "r1", 1, 2), send(app, "r2", 2, 1, path="/transfers/once")), least=2,
                      statuses=(503,))
        check_equal(app.read(), 200)
        ledger.server().psql(f"alter database {place.database} reset default_transaction_read_only", "postgres")
        place.end_backends()
        app.wait_recovered()
    check_books(place)


@on("postgres")
def threat_102_readiness_asks_the_database_and_its_replica(place):
    port = ledger.server().port
    with postgres.Proxy(port) as primary, postgres.Proxy(port) as replica:
        urls = [ledger.server().url(place.database, proxy.port) for proxy in (primary, replica)]
        with place.serve(url=urls[0], replica=urls[1]) as app:
            ready = app.get("/readyz")
            check_equal((ready.status, ready.body), (200, b'{"status":"ok","checks":{"database":"ok"}}'))
            for number, (proxy, reads, writes) in enumerate(((replica, 503, 201), (primary, 200, 503))):
                proxy.refuse()
                proxy.cut()
                ready = app.get("/readyz")
                check_equal((ready.status, ready.body),
                            (503, b'{"status":"unavailable","checks":{"database":"failed"}}'))
                check_equal(app.read(), reads, "a read, which is the replica's")
                check_equal(send(app, f"p{number}", 1, 2)(), writes, "a write, which is the primary's")
                proxy.accept()
                app.wait_recovered()
    check_books(place)


@on("postgres")
def threat_102_transfers_that_lock_each_other_out_are_tried_again(place):
    with place.serve(pool=4, wait_ms=5000) as app:
        crossing = [send(app, "d1", 1, 2, hold_ms=200), send(app, "d2", 2, 1, hold_ms=200)]
        results = app.together(*crossing)
        check_equal([status for status, _ in results], [201, 201], "transfers in tern_transact")
        results = app.together(*[send(app, f"d{n}", 1 + n % 2, 2 - n % 2, path="/transfers/once", hold_ms=200)
                                 for n in (3, 4)])
        check_equal(sorted(status for status, _ in results), [201, 503], "transfers that are not tried again")
        app.wait_logged("deadlock detected")
    check_equal(place.number("select count(*) from entry"), 6, "entries of three transfers")
    check_books(place)


@on("postgres")
def threat_102_a_lock_that_is_not_acquired_in_time_is_refused(place):
    with place.serve(pool=4) as app:
        place.rows(f"alter database {place.database} set lock_timeout = '200ms'")
        place.end_backends()
        wait_for(lambda: app.read() == 200, text="connections with the new setting")
        with meanwhile(app, send(app, "l1", 1, 2, hold_ms=1500)) as first:
            wait_for(place.in_transaction, text="a transfer that holds its lock")
            check_refused(app.together(send(app, "l2", 1, 3)), statuses=(503,))
        check_equal(first, [201])
        check_equal(app.post("/transfers", transfer("l3", 1, 3))[0], 201)
    check_books(place)


@on_both
def threat_102_clients_that_abandon_queries_do_not_shift_answers(place):
    with place.serve(pool=2, wait_ms=10000, query_ms=150) as app, Writers(app, clients=4) as writers:
        for number in range(60):
            with app.connect() as client:  # the server gives up one in three, the clients the others
                seconds = 0.5 if number % 3 == 0 else 0.05
                client.send(f"GET /slow?nonce=left&seconds={seconds}&steps={2000000 * seconds:.0f} HTTP/1.1\r\n"
                            "Host: test\r\n\r\n")
                writers.wait_done(2)
                client.reset()
        status = app.get("/slow?nonce=late&seconds=9&steps=99000000").status
        check_equal(status, 504, "a statement that takes too long")
        app.wait_recovered()
    check_books(place, [writers])


# -- both engines ----------------------------------------------------------------------------------------------------

@on_both
def threat_102_an_empty_pool_refuses_after_its_limit_and_delays_no_other_request(place):
    with place.serve(pool=1) as app:
        with meanwhile(app, send(app, "p1", 1, 2, hold_ms=2000)) as first:
            wait_for(place.in_transaction, text="a transfer that has the connection")
            began = time.monotonic()
            check_refused(app.together(send(app, "p2", 3, 4), send(app, "p3", 4, 3)), least=2, statuses=(503,),
                          seconds=1.9)
            # a little less: the worker reads its clock once in each turn of its loop
            check(time.monotonic() - began >= WAIT_S - 0.05, "it waits for the connection before it refuses")
            app.check_pings()
        check_equal(first, [201])
        check_equal(app.post("/transfers", transfer("p4", 1, 2))[0], 201)
    check_books(place)


@on_both
def threat_103_a_client_that_leaves_in_a_transaction_rolls_it_back(place):
    with place.serve(pool=1, wait_ms=5000) as app:
        for number, path in enumerate(("/transfers", "/transfers/once", "/transfers")):
            with app.connect() as client:
                body = ledger.json.dumps(transfer(f"gone{number}", 1, 2, hold_ms=20000)).encode()
                client.send(f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                wait_for(place.in_transaction, text="a transfer in its middle")
                client.reset()
            check_equal(app.post("/transfers", transfer(f"stays{number}", 1, 2))[0], 201, "on the same connection")
            wait_for(lambda: not place.in_transaction(), text="the end of the transaction")
    check_equal(place.number("select count(*) from entry where id like 'gone%'"), 0, "entries of who left")
    check_equal(place.number("select count(*) from entry where id like 'stays%'"), 6, "entries of who stayed")
    check_books(place)


@on_both
def threat_103_a_handler_that_fails_in_a_transaction_rolls_it_back(place):
    with place.serve(pool=1) as app:
        for number, path in enumerate(("/transfers", "/transfers/once", "/transfers")):
            check_equal(app.post(path, transfer(f"bad{number}", 1, 2, fails=True))[0], 418)
            check_equal(app.post(path, transfer(f"bad{number}", 1, 99))[0], 409)
            check_equal(app.post("/entries", {"id": f"good{number}", "account_id": 1, "amount": 0})[0], 201)
            check(not place.in_transaction(), "no transaction is left open")
    check_equal(sorted(row[0] for row in place.rows("select id from entry")), ["good0", "good1", "good2"])
    check_books(place)


# -- SQLite ----------------------------------------------------------------------------------------------------------

@on("sqlite")
def threat_104_a_file_that_another_process_locks_is_waited_for(place):
    with place.serve(wait_ms=10000) as app, place.open() as other:
        other.execute("begin immediate")
        with meanwhile(app, lambda: app.post("/entries", {"id": "e1", "account_id": 1, "amount": 0})[0]) as result:
            for _ in range(20):
                app.check_pings()
                check_equal(app.read(), 200, "a read beside the lock")
            check_equal(result, [], "a write under the lock")
            other.execute("commit")
        check_equal(result, [201])
    check_books(place)


@on("sqlite")
def threat_104_a_file_that_is_locked_for_too_long_is_refused(place):
    with place.serve() as app, place.open() as other:
        other.execute("begin immediate")
        check_refused(app.together(send(app, "k0", 1, 2)), statuses=(503,))
        app.wait_logged("locked by another process for too long")
        check_refused(app.together(send(app, "k1", 1, 2),
                                   lambda: app.post("/entries", {"id": "e1", "account_id": 1, "amount": 0})[0]),
                      least=2, statuses=(503,), seconds=2 * WAIT_S + SLACK_S)
        check_equal(app.read(), 200, "a read beside the lock")
        other.execute("rollback")
        app.wait_recovered()
    check_equal(place.number("select count(*) from entry where id in ('e1', 'k0-out', 'k1-out')"), 0, "refused writes")
    check_books(place)


@on("sqlite")
def threat_104_two_applications_share_one_file(place):
    with place.serve(workers=2, wait_ms=20000) as one, place.serve(workers=2, wait_ms=20000) as two:
        with Writers(one, two, clients=6) as writers:
            writers.wait_done(400, 60)
        check_equal(writers.refused, 0, "requests that were refused")
        check_equal(writers.lost, 0, "requests that were lost")
    check_books(place, [writers])
    check_equal(place.rows("pragma integrity_check"), [["ok"]])


@contextlib.contextmanager
def small_disk(kib):
    """A folder on a new file system with that many KiB."""
    if os.geteuid() != 0:
        raise Skip("only root may mount a file system")
    folder = tempfile.mkdtemp(prefix="tern-disk-")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder], capture_output=True,
                          check=False)
    if done.returncode != 0:
        os.rmdir(folder)
        raise Skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        os.rmdir(folder)


@test
def threat_073_a_full_disk_refuses_writes_until_there_is_space_again():
    with small_disk(1600) as folder:
        place = Place("sqlite", folder)
        with place.serve() as app, Writers(app, clients=2) as writers:
            writers.wait_done(50)
            with contextlib.suppress(OSError), open(os.path.join(folder, "ballast"), "wb", 0) as ballast:
                while ballast.write(bytes(4096)):
                    pass
            writers.wait_refused()
            app.check_pings()
            wait_for(lambda: app.post("/entries", {"id": os.urandom(6).hex(), "account_id": 1, "amount": 0,
                                                   "note": "x" * 200})[0] == 507, text="the right answer")
            check_equal(app.read(), 200, "a read on a full disk")
            pids = app.worker_pids()
            os.remove(os.path.join(folder, "ballast"))
            app.wait_recovered()
            writers.wait_done(20)
            check_equal(app.worker_pids(), pids, "workers")
        check_books(place, [writers])
        check_equal(place.rows("pragma integrity_check"), [["ok"]])


@test
def threat_104_a_file_on_a_file_system_that_is_read_only_is_read():
    with small_disk(2000) as folder:
        place = Place("sqlite", folder)
        with place.serve():
            pass
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        with place.serve(has_accounts=False) as app:
            check(place.file in app.wait_logged("is served for reading only"), f"the log: {app.lines}")
            check_equal(app.get("/accounts").status, 200, "a read")
            check_equal(app.post("/transfers", transfer("r1", 1, 2))[0], 503, "a write")


@on("sqlite")
def threat_104_a_missing_folder_is_reported_at_start(place):
    err = place.start_in_vain(url=f"sqlite:{place.folder}/none/app.db")
    check(f"the folder {place.folder}/none does not exist" in err, err)
    check(not os.path.exists(f"{place.folder}/none"), "nothing is made")


@on("sqlite")
def threat_104_a_file_that_is_not_a_database_is_reported_at_start(place):
    with open(place.file, "wb") as file:
        file.write(b"These are the days of our lives.\n" * 200)
    err = place.start_in_vain()
    check("file is not a database" in err and err.count("\n") == 1, err)
    with open(place.file, "rb") as file:
        check(file.read() == b"These are the days of our lives.\n" * 200, "the file is left as it was")


@on("sqlite")
def threat_104_a_damaged_table_is_reported_and_the_others_still_work(place):
    with place.serve() as app:
        check_equal(app.post("/notes", {"title": "kept"})[0], 201)
        check_equal(app.post("/entries", {"id": "e1", "account_id": 1, "amount": 0})[0], 201)
    page = place.number("select rootpage from sqlite_master where name = 'entry'")
    size = place.number("pragma page_size")
    place.rows("pragma wal_checkpoint(truncate)")
    with open(place.file, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with place.serve(has_accounts=False) as app:
        check_equal(app.get("/entries?nonce=x").status, 500)
        line = app.wait_logged("the database says")
        check("the file is damaged, restore it from a copy" in line, line)
        check_equal(app.read(), 200, "another table")
        check_equal(app.get("/notes").status, 200, "another table")
        app.check_pings()


if __name__ == "__main__":
    sys.exit(ledger.main())
