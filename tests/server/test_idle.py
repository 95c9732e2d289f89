"""A worker returns memory after a burst, and an idle one sleeps. Uses the release build: sanitizers use additional
memory."""

import os
import sys
import time

os.environ.setdefault("TERN_TEST_PRESET", "release")

import harness  # noqa: E402: it reads the preset
from harness import check, check_equal, test, wait_for

BURST = 2000
KIB_A_SUSPENDED_REQUEST = 40


def private_kib(pid):
    """The memory that this process does not share with another one."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))


def wake_ups(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))


def suspend_many(server, pid):
    """Sends that many requests at once, all of which are answered; returns the memory that the worker used for them."""
    clients = [server.connect(timeout=20) for _ in range(BURST)]
    for client in clients:
        client.send("GET /sleep?ms=200 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
    for client in clients:
        check_equal(client.read().text, "rested", "answer")
        client.close()
    return private_kib(pid)


@test
def an_idle_worker_returns_the_memory_of_a_burst():
    with harness.Server(workers=1) as server:
        pid = int(server.get("/pid").text)
        before = private_kib(pid)
        for _ in range(2):
            taken = suspend_many(server, pid) - before
            check(BURST < taken < BURST * KIB_A_SUSPENDED_REQUEST, f"{taken} KiB for {BURST} suspended requests")
            wait_for(lambda: private_kib(pid) < before + 1024, 5, f"{taken} KiB are given back")


@test
def an_idle_worker_sleeps_after_returning_memory():
    with harness.Server(workers=1) as server:
        pid = int(server.get("/pid").text)
        before = wake_ups(pid)
        end = time.monotonic() + 4
        last, last_at = before, time.monotonic()
        while time.monotonic() < end:
            now = wake_ups(pid)
            if now != last:
                last, last_at = now, time.monotonic()
            time.sleep(0.05)
        check(last - before <= 12, f"{last - before} wake-ups after one request: two looks, each rounded up by clocks")
        check(end - last_at > 1.5, "it still wakes up after it has given back")


if __name__ == "__main__":
    sys.exit(harness.main(at_once=2))
