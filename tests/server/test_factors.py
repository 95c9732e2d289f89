"""Second factors: an authenticator app of PyPI sets itself up by the QR code, and its codes count once (factors.c)."""

import concurrent.futures
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time

import harness
import pypi
import shared_postgres
from harness import PRESET, ROOT, Server, Skip, check, check_equal, test, wait_for

TOOLS = os.path.join(ROOT, "build", PRESET, "tests", "pypi", "factors")
WANTED = os.path.join(ROOT, "tests", "server", "factors.requirements.txt")
PEER = os.path.join(ROOT, "tests", "server", "factors_peer.py")


_engine = {"postgres": False}


def database():
    """The URL of an empty database."""
    if not _engine["postgres"]:
        return f"sqlite:{tempfile.mkdtemp()}/factors.db"
    server = shared_postgres.server()
    name = f"factors_{secrets.token_hex(4)}"
    server.psql(f"create database {name}")
    return server.url(name)


class Service:
    """The server, its database, and the app of a user."""

    def __init__(self, workers=1):
        folder, why = pypi.programs(TOOLS, WANTED)
        if why is not None:
            raise Skip(f"the packages of {WANTED} cannot be installed: {why}")
        self.url = database()
        self.database = self.url.removeprefix("sqlite:")
        self.server = Server("--database-url", self.url, name="factors", workers=workers,
                             env={"TERN_SECRET_KEYS": secrets.token_urlsafe(32)})
        self.app = subprocess.Popen([os.path.join(folder, "python"), PEER], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *why):
        self.app.stdin.close()
        self.app.wait()
        self.app.stdout.close()
        return self.server.__exit__(*why)

    def ask(self, path, user="ann", code=None, **more):
        body = json.dumps({"user": user, **({"code": code} if code is not None else {}), **more}).encode()
        return self.server.get(path, "Content-Type: application/json", method="POST", body=body)

    def say(self, path, user="ann", code=None):
        reply = self.ask(path, user, code)
        return reply.text if reply.status == 200 else reply.status

    def peer(self, **request):
        self.app.stdin.write(json.dumps(request) + "\n")
        self.app.stdin.flush()
        return json.loads(self.app.stdout.readline())

    def code(self, setup, step=0):
        """What the app shows, with some seconds left before it shows the next one."""
        wait_for(lambda: time.time() % 30 < 26, text="the next step")
        return self.peer(uri=setup["uri"], time=int(time.time()) + 30 * step)["code"]

    def set_up(self, user="ann"):
        """An app that is confirmed, by the code of the step before."""
        setup = json.loads(self.ask("/begin", user).text)
        check_equal(self.say("/confirm", user, self.code(setup, -1)), "yes", "confirm")
        return setup

    def rows(self, query):
        if _engine["postgres"]:
            return [tuple(line.split("|")) for line in shared_postgres.server().psql(query, self.url.rsplit("/", 1)[1].split("?")[0]).splitlines()]
        with sqlite3.connect(self.database) as opened:
            return opened.execute(query).fetchall()


def wrong(code):
    return f"{(int(code) + 500000) % 1000000:06}"


@test
def an_app_sets_itself_up_by_the_qr_code():
    with Service() as service:
        setup = json.loads(service.ask("/begin", "ann.lee@example.org").text)
        if setup["qr"] is None:
            raise Skip("libqrencode is not installed")
        check_equal(service.peer(svg=setup["qr"])["texts"], [setup["uri"]])
        read = service.peer(uri=setup["uri"], time=int(time.time()))
        check_equal((read["issuer"], read["name"]), ("Book Shop", "ann.lee@example.org"))
        check_equal(read["secret"], setup["secret"].replace(" ", ""))
        check_equal(service.say("/has", "ann.lee@example.org"), "no", "before it is confirmed")
        check_equal(service.say("/check", "ann.lee@example.org", read["code"]), "no", "before it is confirmed")
        check_equal(service.say("/confirm", "ann.lee@example.org", wrong(read["code"])), "no")
        check_equal(service.say("/confirm", "ann.lee@example.org", read["code"]), "yes")
        check_equal(service.say("/has", "ann.lee@example.org"), "yes")


@test
def a_code_counts_once():
    with Service() as service:
        setup = service.set_up()
        code = service.code(setup)
        check_equal([service.say("/check", code=code) for _ in range(2)], ["yes", "no"])
        check_equal(service.say("/check", code=service.code(setup, -1)), "no", "one before it")
        check_equal(service.say("/check", code=service.code(setup, 1)), "yes", "the next one")


@test
def of_requests_with_one_code_at_the_same_time_one_succeeds():
    with Service(workers=2) as service:
        for attempt in range(3):
            user = f"ann{attempt}"
            code = service.code(service.set_up(user))
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                replies = list(pool.map(lambda _: service.say("/check", user, code), range(6)))
            check_equal(replies.count("yes"), 1, f"{replies}")


@test
def codes_outside_of_the_window_are_wrong():
    with Service() as service:
        setup = service.set_up()
        for step in (-3, 3, 20):
            check_equal(service.say("/check", code=service.code(setup, step)), "no", f"step {step}")


@test
def after_five_wrong_codes_a_user_has_to_wait_even_when_the_handler_fails():
    with Service(workers=2) as service:
        setup = service.set_up()
        bad = wrong(service.code(setup))
        statuses = [service.ask("/check", code=bad, fails=True).status for _ in range(7)]
        check_equal(statuses, [401] * 5 + [429] * 2)
        refused = service.ask("/check", code=service.code(setup))
        check_equal(refused.status, 429, "a right code while the user has to wait")
        check(re.search(r"try again in \d+ seconds", refused.text) is not None, refused.text)
        check_equal(service.say("/check", "bob", bad), "no", "another user")


@test
def parallel_guesses_are_counted_one_by_one():
    with Service(workers=2) as service:
        setup = service.set_up()
        bad = wrong(service.code(setup))
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            replies = list(pool.map(lambda _: service.say("/check", code=bad), range(40)))
        check(replies.count("no") <= 5, f"{replies.count('no')} guesses were tried")
        check_equal(set(replies), {"no", 429})


@test
def secrets_are_sealed_in_the_database_and_belong_to_their_user():
    with Service() as service:
        setup = service.set_up()
        service.set_up("eve")
        plain = setup["secret"].replace(" ", "")
        with open(service.database, "rb") as file:
            check(plain.encode() not in file.read(), "the file has the secret")
        check(all(plain not in row[0] for row in service.rows("select secret from factor_totp")), "the table has the secret")
        with sqlite3.connect(service.database) as opened:
            opened.execute("update factor_totp set secret = (select secret from factor_totp where user_id = 'eve') "
                             "where user_id = 'ann'")
        check_equal(service.say("/check", code=service.code(setup)), "no", "another user's secret")
        service.server.wait_logged("cannot be unsealed")


@test
def a_second_setup_needs_the_first_one_removed():
    with Service() as service:
        setup = service.set_up()
        check_equal(service.ask("/begin").status, 409)
        check_equal(service.say("/remove"), "yes")
        check_equal([service.say("/has"), service.say("/remove")], ["no", "no"])
        check_equal(service.say("/check", code=service.code(setup)), "no", "of the removed app")
        service.set_up()


@test
def recovery_codes_work_once_each():
    with Service() as service:
        service.set_up()
        codes = json.loads(service.ask("/codes").text)["codes"]
        check_equal((len(codes), len(set(codes))), (10, 10))
        check(all(re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", code) for code in codes), f"{codes}")
        check_equal(service.say("/use", "eve", codes[0]), "no", "another user")
        check_equal([service.say("/use", code=codes[0]) for _ in range(2)], ["yes", "no"])
        check_equal(service.say("/use", code=codes[1].upper().replace("-", " ")), "yes", "as people type it")
        check_equal(service.say("/left"), "8")
        for bad in ("", "x", codes[2][:-1], codes[2] + "a", codes[2][:-1] + "1", "a" * 1000):
            check_equal(service.say("/use", code=bad), "no", bad)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(lambda _: service.say("/use", code=codes[3]), range(6)))
        check_equal(replies.count("yes"), 1, f"{replies}")
        again = json.loads(service.ask("/codes").text)["codes"]
        check_equal([service.say("/use", code=codes[4]), service.say("/use", code=again[0])], ["no", "yes"])
        kept = {row[0] for row in service.rows("select hash from factor_recovery_code")}
        check(not any(code in kept or code.replace("-", "") in kept for code in again), "a code is in the table")


@test
def a_qr_code_has_any_text_of_up_to_1000_bytes():
    with Service() as service:
        for text in ("x", "https://example.org/?a=1&b=2", "\u00e4\u00f6\u00fc", "a" * 1000):
            svg = service.server.get("/qr", "Content-Type: application/json", method="POST",
                                     body=json.dumps({"text": text}).encode()).text
            if svg == "none":
                raise Skip("libqrencode is not installed")
            check_equal(service.peer(svg=svg)["texts"], [text])
        long = service.server.get("/qr", "Content-Type: application/json", method="POST",
                                  body=json.dumps({"text": "a" * 1001}).encode())
        check_equal(long.status, 500)


@test
def all_of_it_holds_on_postgresql():
    _engine["postgres"] = True
    try:
        for function in (a_code_counts_once,
                         of_requests_with_one_code_at_the_same_time_one_succeeds,
                         parallel_guesses_are_counted_one_by_one,
                         after_five_wrong_codes_a_user_has_to_wait_even_when_the_handler_fails,
                         recovery_codes_work_once_each):
            function()
    finally:
        _engine["postgres"] = False


if __name__ == "__main__":
    sys.exit(harness.main(programs=("factors",)))
