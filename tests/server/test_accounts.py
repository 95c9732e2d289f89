#!/usr/bin/env python3
"""Accounts over the network, with two workers and mails in a folder: account_site.c, whose own tests run, too."""

import concurrent.futures
import os
import signal
import sys

import harness
from account_site import LOG_IN, Site
from harness import check_equal, test, wait_for
from json_caller import Caller, check_program


@test
def its_own_tests_pass():
    check_program("account_site")


@test
def who_signs_up_reads_the_mail_and_logs_in():
    with Site() as site:
        site.sign_up()
        cookie = site.log_in()
        status, user, _ = Caller(site).send("GET", "/account/me", Cookie=cookie)
        check_equal((status, user["email"]), (200, "ann@example.org"))


@test
def threat_095_of_many_tries_at_once_on_two_workers_ten_are_made():
    with Site() as site:
        site.sign_up()
        wrong = {**LOG_IN, "password": "wrong"}
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            seen = sorted(pool.map(lambda _: Caller(site).send("POST", "/account/login", wrong)[0], range(24)))
        check_equal(seen, [401] * 10 + [429] * 14)


@test
def a_worker_that_is_killed_ends_no_session():
    with Site() as site:
        site.sign_up()
        cookie = site.log_in()
        for pid in site.worker_pids():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(site.worker_pids()) == 2, text="new workers")

        def is_in():
            try:
                return Caller(site).send("GET", "/account/me", Cookie=cookie)[0] == 200
            except OSError:
                return False
        wait_for(is_in, text="a reply")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("account_site",)))
