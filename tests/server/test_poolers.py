#!/usr/bin/env python3
"""Applications that reach PostgreSQL through a pooler, which lends them another of the server's connections for each
transaction: every one runs its own SQL, or is told why it cannot."""

import contextlib
import json
import os
import subprocess
import sys

import harness
import ledger
from harness import check, check_equal, wait_for
from ledger import ACCOUNTS, OPENING, Place, Writers, check_books, transfer
from shared_postgres import postgres  # pylint: disable=unused-import

import pgbouncer

CLIENTS = 6


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
    """The test once for each mode of the pooler; it is given a Place and a Bouncer."""
    def decorate(function):
        for mode in modes:
            def one(mode=mode):
                few = 3 if mode != "session" else 20  # there each client has one for itself
                with pooled(mode, default_pool_size=few) as (place, bouncer):
                    function(place, bouncer)
            one.__name__ = f"{function.__name__}_in_{mode}_mode"
            harness.test(one)
        return function
    return decorate


def serve(place, bouncer, prepare="auto", more="", **how):
    return place.serve("--database-prepare", prepare, url=bouncer.url(place.database) + more, wait_ms=10000, **how)


def write_from_two(place, first, second, count):
    """Clients of two applications write at the same time; those that came first to each taught it other statements."""
    check_equal(first.read(), 200)
    check_equal(second.post("/entries", {"id": "first", "account_id": 1, "amount": 0})[0], 201)
    with Writers(first, clients=CLIENTS, mark="a", seed=1) as some, \
            Writers(second, clients=CLIENTS, mark="b", seed=2) as others:
        some.wait_done(count, 60)
        others.wait_done(count, 60)
    check_books(place, [some, others])
    return some, others


def check_said_nothing_of_names(*apps):
    """Nobody ran into a statement that was not there, or was there already, or into an answer of another's."""
    for app in apps:
        for state in ("26000", "42P05", "08P01", "fits no statement", "skipped"):
            check_equal(app.logged(state), None, f"a line with {state}")


@in_modes("session", "transaction")
def threat_121_two_applications_run_their_own_sql(place, bouncer):
    with serve(place, bouncer, workers=2, pool=3) as first, serve(place, bouncer, workers=2, pool=3) as second:
        write_from_two(place, first, second, 300)
        first.wait_logged("through a pooler: statements are sent without names")
        check_said_nothing_of_names(first, second)


@in_modes("session", "transaction")
def threat_121_names_are_safe_where_the_settings_ask_for_them(place, bouncer):
    with serve(place, bouncer, "always", pool=3) as first, serve(place, bouncer, "always", pool=3) as second:
        write_from_two(place, first, second, 300)
        for app in (first, second):
            app.wait_logged("through a pooler: statements are prepared by name")
            app.wait_recovered()
        if place.keeps_names:
            check_said_nothing_of_names(first, second)


@in_modes("transaction")
def threat_121_a_pooler_is_sent_no_names_when_it_is_noticed_or_told_of(place, bouncer):
    with serve(place, bouncer, "never") as first, serve(place, bouncer) as second:
        write_from_two(place, first, second, 100)
        check_said_nothing_of_names(first, second)
    names = [bouncer.psql("select name from pg_prepared_statements", place.database) for _ in range(9)]
    check_equal(set(names), {""}, "what is prepared on the server's connections")


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
