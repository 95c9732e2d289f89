#!/usr/bin/env python3
"""Accounts over the network, with two workers and mails in a folder: account_site.c, whose own tests run, too."""

import concurrent.futures
import email
import email.policy
import glob
import os
import re
import secrets
import signal
import sys
import tempfile

import harness
from harness import Server, check_equal, test, wait_for
from json_caller import Caller, check_program

ANN = {"email": "ann@example.org", "password": "correct horse 42"}
LOG_IN = {"login": "ann@example.org", "password": "correct horse 42"}


class Site(Server):
    def __init__(self):
        self.folder = tempfile.mkdtemp()
        super().__init__("--database-url", f"sqlite:{self.folder}/site.db", name="account_site", workers=2,
                         env={"TERN_SECRET_KEYS": secrets.token_urlsafe(32), "TERN_MAIL_URL": f"file:{self.folder}/mails"})

    def mails(self):
        return sorted(glob.glob(f"{self.folder}/mails/**/*.eml", recursive=True), key=os.path.getmtime)

    def token(self):
        wait_for(self.mails, text="a mail")
        with open(self.mails()[-1], "rb") as file:
            text = email.message_from_binary_file(file, policy=email.policy.default).get_content()
        return re.search(r"token=(\S+)", text).group(1)

    def sign_up(self):
        check_equal(Caller(self).send("POST", "/account/sign-up", ANN)[0], 202)
        check_equal(Caller(self).send("POST", "/account/verify", {"token": self.token()})[0], 200)

    def log_in(self):
        """The Cookie header of a browser that has logged in."""
        status, user, headers = Caller(self).send("POST", "/account/login", LOG_IN)
        check_equal(status, 200, user)
        return "; ".join(line.split(";")[0] for line in headers.get_all("Set-Cookie"))


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
