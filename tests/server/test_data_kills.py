#!/usr/bin/env python3
"""Workers and the database are killed while clients write: nothing acknowledged is lost, and no transfer is incomplete.

scripts/soak-data repeats this two hundred times.
"""

import os
import random
import signal
import sys
import time

import harness
import ledger
from harness import check, check_equal, wait_for
from ledger import Writers, check_books, on, on_both

KILLS = 10


SHORT_LIFE_S = 1.1  # the master delays the replacement of workers that die earlier


def age_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        started = int(file.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def kill_workers(app, writers, rng, times):
    """Kills the oldest worker, each time at some moment between two answers."""
    for _ in range(times):
        pids = app.worker_pids()
        pid = max(pids, key=age_s)
        wait_for(lambda: age_s(pid) > SHORT_LIFE_S, text="a worker that is old enough")
        writers.wait_done(rng.randrange(1, 60))
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: pid not in app.worker_pids() and len(app.worker_pids()) == len(pids), 30, "another worker")


def kill_database(database, app, writers, rng, times):
    for _ in range(times):
        writers.wait_done(rng.randrange(1, 60), 60)
        database.kill()
        writers.wait_refused(60)
        database.start()
        wait_for(lambda: app.read() == 200, 30, "an answer from the database")


@on_both
def threat_115_acknowledged_writes_survive_killed_workers(place):
    with place.serve(workers=2, wait_ms=10000) as app:
        with Writers(app, clients=6) as writers:
            kill_workers(app, writers, random.Random(1), KILLS)
            writers.wait_done(20)
        check_equal(app.count_logged('"how":"Killed"'), KILLS, "log lines that tell of killed workers")
        check(app.post("/transfers", ledger.transfer("last", 1, 2))[0] == 201, "a transfer after all")
    check_books(place, [writers])
    if place.engine == "sqlite":
        check_equal(place.rows("pragma integrity_check"), [["ok"]])


@on("postgres")
def threat_115_acknowledged_writes_survive_a_killed_database(place):
    check_equal(ledger.server().psql("show fsync"), "on")
    with place.serve(workers=2, wait_ms=2000) as app:
        with Writers(app, clients=6) as writers:
            kill_database(ledger.server(), app, writers, random.Random(2), KILLS)
            writers.wait_done(20)
        app.wait_recovered()
    check_books(place, [writers])


if __name__ == "__main__":
    sys.exit(ledger.main())
