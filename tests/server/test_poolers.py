#!/usr/bin/env python3
"""Applications that reach PostgreSQL through a pooler, which may use another server connection for each transaction:
each application runs its own SQL, or gets an error that says why not."""

import contextlib
import json
import os
import subprocess
import sys

import harness
import ledger
from harness import check, check_equal, wait_for
from ledger import Place, Writers, change_types, check_books, transfer

import pgbouncer  # of tests/, which shared_postgres has put on the path

CLIENTS = 4


@contextlib.contextmanager
def pooled(mode, **settings):
    """A database and the URL to it through a pooler."""
    if pgbouncer.program() is None:
        raise harness.Skip("pgbouncer is not installed (apt-get install pgbouncer)")
    ledger.server()
    with Place("postgres") as place:
        with pgbouncer.Bouncer(ledger.server(), mode, **settings) as bouncer:
            place.keeps_names = mode == "session" or pgbouncer.version() >= (1, 21)
            yield place, bouncer


def in_modes(*modes):
    """Runs the test once for each mode of the pooler, with a Place and a Bouncer as arguments."""
    def decorate(function):
        for mode in modes:
            def one(mode=mode):
                few = 3 if mode != "session" else 20  # there each client has its own
                with pooled(mode, default_pool_size=few) as (place, bouncer):
                    function(place, bouncer)
            one.__name__ = f"{function.__name__}_in_{mode}_mode"
            harness.test(one)
        return function
    return decorate


def serve(place, bouncer, prepare="auto", more="", **how):
    return place.serve("--database-prepare", prepare, url=bouncer.url(place.database) + more, wait_ms=10000, **how)


def write_from_two(place, first, second, count):
    """Clients of two applications write at the same time; the first clients of each used different statements."""
    check_equal(first.read(), 200)
    check_equal(second.post("/entries", {"id": "first", "account_id": 1, "amount": 0})[0], 201)
    with Writers(first, clients=CLIENTS, mark="a", seed=1) as some, \
            Writers(second, clients=CLIENTS, mark="b", seed=2) as others:
        some.wait_done(count, 60)
        others.wait_done(count, 60)
    check_books(place, [some, others])
    return some, others


def check_said_nothing_of_names(*apps):
    """Checks that no client met a missing or duplicate statement, or another client's answer."""
    for app in apps:
        for state in ("26000", "42P05", "08P01", "fits no statement", "skipped"):
            check_equal(app.logged(state), None, f"a line with {state}")


@in_modes("session", "transaction")
def threat_121_two_applications_run_their_own_sql(place, bouncer):
    with serve(place, bouncer, workers=2, pool=2) as first, serve(place, bouncer, workers=2, pool=2) as second:
        write_from_two(place, first, second, 150)
        first.wait_logged("through a pooler: statements are sent without names")
        check_said_nothing_of_names(first, second)


@in_modes("session", "transaction")
def threat_121_names_are_safe_where_the_settings_enable_them(place, bouncer):
    with serve(place, bouncer, "always", pool=3) as first, serve(place, bouncer, "always", pool=3) as second:
        write_from_two(place, first, second, 300)
        for app in (first, second):
            app.wait_logged("through a pooler: statements are prepared by name")
            app.wait_recovered()
        if place.keeps_names:
            check_said_nothing_of_names(first, second)


@in_modes("transaction")
def threat_121_a_pooler_gets_no_names_when_it_is_detected_or_configured(place, bouncer):
    with serve(place, bouncer, "never") as first, serve(place, bouncer) as second:
        write_from_two(place, first, second, 100)
        check_said_nothing_of_names(first, second)
    names = [bouncer.psql("select name from pg_prepared_statements", place.database) for _ in range(9)]
    check_equal(set(names), {""}, "what is prepared on the server's connections")


def command(place, url, *words):
    """Runs a command of the application; returns its exit code, standard output and standard error."""
    done = subprocess.run([harness.program("ledger"), *words], cwd=place.folder, text=True, timeout=60, check=False,
                          env=harness._settings({"TERN_DATABASE_URL": url}), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


@in_modes("session", "transaction")
def migrations_and_dumps_work_through_a_pooler(place, bouncer):
    url = bouncer.url(place.database)
    place.rows(f"alter database {place.database} set datestyle = 'German'; "
               f"alter database {place.database} set timezone = 'Asia/Tokyo'")
    code, _, err = command(place, url, "migrate", "make", "first")
    check_equal((code, err), (0, ""), "migrate make")
    started = [subprocess.Popen([harness.program("ledger"), "migrate"], cwd=place.folder, stdin=subprocess.DEVNULL,
                                env=harness._settings({"TERN_DATABASE_URL": url})) for _ in range(4)]
    check_equal([one.wait(60) for one in started], [0] * 4, "four processes that migrate at once")
    place.rows("insert into account values (1, 1000); insert into note (title, made) values ('a', now())")
    through, direct = (command(place, of, "db", "dump") for of in (url, place.url))
    check_equal(through, direct, "a dump")
    check_equal(through[1].count("\n"), 2, "lines of the dump")
    check_equal(bouncer.psql("show intervalstyle", place.database), "postgres", "what others find on the connection")


@in_modes("transaction")
def a_poolers_refusal_is_reported_with_advice(place, bouncer):
    url = bouncer.url(place.database) + "?options=-c%20statement_timeout%3D9s"
    err = place.start_in_vain(url=url)
    check("unsupported startup parameter" in err and "ignore_startup_parameters" in err, err)
    check_equal(err.count("\n"), 1, "lines")


@in_modes("session", "transaction", "statement")
def a_statement_past_its_deadline_is_cancelled_through_a_pooler(place, bouncer):
    place.serve().stop()
    with serve(place, bouncer, query_ms=300, has_accounts=False) as app:
        check_equal(app.get("/slow?nonce=x&seconds=60").status, 504)
        wait_for(lambda: place.number("select count(*) from pg_stat_activity where query like '%pg_sleep%' and "
                                      "state = 'active' and pid <> pg_backend_pid()") == 0, 10, "its end on the server")
        app.wait_recovered()


@in_modes("session", "transaction")
def threat_102_a_pooler_that_is_started_again_is_used_again(place, bouncer):
    with serve(place, bouncer, workers=2) as app:
        with Writers(app, clients=CLIENTS) as writers:
            writers.wait_done(50)
            bouncer.kill()
            writers.wait_refused()
            bouncer.start()
            app.wait_recovered()
            writers.wait_done(50)
    check_books(place, [writers])


@in_modes("transaction")
def threat_103_clients_that_leave_their_transactions_do_not_affect_others(place, bouncer):
    with serve(place, bouncer, pool=2) as app, Writers(app, clients=3) as writers:
        for number in range(30):
            with app.connect() as client:
                body = json.dumps(transfer(f"gone{number}", 1, 2, hold_ms=20000)).encode()
                client.send(f"POST /transfers/once HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                writers.wait_done(1)
                client.reset()
        app.wait_recovered()
        check_said_nothing_of_names(app)
    check_equal(place.number("select count(*) from entry where id like 'gone%'"), 0, "entries of who left")
    check_books(place, [writers])


@in_modes("transaction")
def threat_126_columns_that_change_behind_a_pooler_do_not_fail_requests(place, bouncer):
    with serve(place, bouncer, pool=3) as app, Writers(app, clients=CLIENTS) as writers:
        change_types(place, writers)
        check_said_nothing_of_names(app)
    check_books(place, [writers])


@in_modes("statement")
def a_pooler_in_statement_mode_refuses_transactions_and_the_log_says_why(place, bouncer):
    with place.serve() as direct:
        check_equal(direct.read(), 200)
    with serve(place, bouncer, pool=2, has_accounts=False) as app:
        check_equal(app.read(), 200)
        check_equal(app.post("/entries", {"id": "one", "account_id": 1, "amount": 0})[0], 201)
        check_equal(app.post("/transfers", transfer("t", 1, 2))[0], 503)
        app.wait_logged("set pgbouncer's pool_mode to transaction or session")
        app.wait_recovered()
    check_books(place)


if __name__ == "__main__":
    sys.exit(ledger.main())
