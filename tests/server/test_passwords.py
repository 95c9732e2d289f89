"""Passwords: hashes that other programs make and check, the queue, a service of stolen passwords (passwords.c)."""

import concurrent.futures
import hashlib
import http.server
import json
import os
import secrets
import subprocess
import sys
import threading
import time

import harness
import pypi
from harness import PRESET, ROOT, Server, Skip, check, check_equal, test, wait_for

TOOLS = os.path.join(ROOT, "build", PRESET, "tests", "pypi", "passwords")
WANTED = os.path.join(ROOT, "tests", "server", "passwords.requirements.txt")
PEER = os.path.join(ROOT, "tests", "server", "passwords_peer.py")
PASSWORDS = ["x", "p\u00e4ssw\u00f6rd \u2603 \U0001f600", " a$b$c:d ", "b" * 200]
OWN = "$argon2id$v=19$m=19456,t=2,p=1$wtuEu+xrDmZO1pYVJX1/4w$fKzKLaGX1J+Kt5znBR6UQfksKlImdEydjdIVOOPRr+8"


def start(**env):
    return Server(name="passwords", env=env)


def post(server, path, **body):
    return server.get(path, "Content-Type: application/json", method="POST", body=json.dumps(body).encode())


def peer():
    folder, why = pypi.programs(TOOLS, WANTED)
    if why is not None:
        raise Skip(f"the packages of {WANTED} cannot be installed: {why}")
    return subprocess.Popen([os.path.join(folder, "python"), PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)


def ask(other, **request):
    other.stdin.write(json.dumps(request) + "\n")
    other.stdin.flush()
    line = other.stdout.readline()
    check(line != "", "the peer has ended")
    return json.loads(line)


@test
def hashes_of_django_werkzeug_passlib_and_argon2_cffi_are_right_but_old():
    other = peer()
    with other, start() as server:
        for password in PASSWORDS:
            for maker, made in ask(other, password=password).items():
                check_equal(post(server, "/check", password=password, hash=made).text, "old", f"{maker}: {made}")
                check_equal(post(server, "/check", password=password[:71] + "!", hash=made).text, "wrong", maker)
        other.stdin.close()


@test
def django_passlib_and_argon2_cffi_take_the_hashes():
    other = peer()
    with other, start() as server:
        for password in PASSWORDS:
            made = post(server, "/hash", password=password).text
            check_equal(ask(other, password=password, hash=made),
                        {"argon2-cffi": True, "passlib": True, "django": True}, password)
        other.stdin.close()


@test
def a_hash_is_old_once_the_cost_rises():
    with start() as cheap, start(MEMORY_KIB="32768", PASSES="3") as dear:
        made = post(cheap, "/hash", password="correct horse").text
        check_equal(post(cheap, "/check", password="correct horse", hash=made).text, "right")
        check_equal(post(dear, "/check", password="correct horse", hash=made).text, "old")
        again = post(dear, "/hash", password="correct horse").text
        check(again.startswith("$argon2id$v=19$m=32768,t=3,p=1$"), again)
        check_equal(post(dear, "/check", password="correct horse", hash=again).text, "right")
        check_equal(post(cheap, "/check", password="correct horse", hash=again).text, "right")


@test
def a_sealed_hash_is_worth_nothing_without_its_key():
    old, new = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    with start(PEPPER="1", TERN_SECRET_KEYS=old) as server:
        made = post(server, "/hash", password="correct horse").text
        check(made.startswith("sealed$") and len(made) < 256, made)
        check_equal(post(server, "/check", password="correct horse", hash=made).text, "right")
        check_equal(post(server, "/check", password="correct horsf", hash=made).text, "wrong")
        check_equal(post(server, "/check", password="correct horse", hash=OWN).text, "old")
        check_equal(post(server, "/check", password="correct horse", hash=made[:-1]).text, "wrong")
    with start(PEPPER="1", TERN_SECRET_KEYS=new + " " + old) as server:
        check_equal(post(server, "/check", password="correct horse", hash=made).text, "right", "a rotated key")
    with start(PEPPER="1", TERN_SECRET_KEYS=new) as server:
        check_equal(post(server, "/check", password="correct horse", hash=made).text, "wrong", "a lost key")
        server.wait_logged("cannot be unsealed")


@test
def a_cost_below_the_recommended_one_is_a_mistake_at_start():
    for env, word in (({"MEMORY_KIB": "8192"}, "19456 with 2"), ({"PASSES": "1"}, "47104 KiB with 1"),
                      ({"STOLEN_URL": "http://example.org/"}, "TERN_PWNED_PASSWORDS")):
        server = Server(name="passwords", env=env, wait=False)
        check_equal(server.wait(), 1, "exit code")
        server.wait_logged(word)


@test
def a_full_queue_refuses_with_503_and_retry_after():
    with start(AT_ONCE="1", MOST_WAITING="2", MEMORY_KIB="131072", PASSES="8") as server:
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            replies = list(pool.map(lambda _: post(server, "/hash", password="correct horse"), range(12)))
        statuses = [reply.status for reply in replies]
        check(statuses.count(200) >= 3 and statuses.count(503) >= 5, f"{statuses}")
        check(all(reply.header("Retry-After") == "1" for reply in replies if reply.status == 503), "Retry-After")
        server.wait_logged("raise .at_once (1)")
        check_equal(post(server, "/hash", password="correct horse").status, 200, "afterwards")


@test
def other_requests_are_answered_while_passwords_are_hashed():
    with start() as server, concurrent.futures.ThreadPoolExecutor(6) as pool:
        logins = [pool.submit(post, server, "/hash", password="correct horse") for _ in range(18)]
        answered = 0
        while not all(login.done() for login in logins):
            check_equal(server.get("/ping").text, "pong")
            answered += 1
        check(answered > 18, f"only {answered} pings were answered")
        check_equal({login.result().status for login in logins}, {200})


def processor_s(server):
    """The time that the worker has used, with all of its threads: on a busy machine nothing else can be compared."""
    with open(f"/proc/{server.worker_pids()[0]}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@test
def threat_094_an_unknown_user_takes_as_long_as_a_wrong_password():
    with start() as server:
        def cost(**body):
            began = processor_s(server)
            for _ in range(20):
                check_equal(post(server, "/check", password="correct horsf", **body).text, "wrong")
            return processor_s(server) - began
        cost(hash=OWN)
        known = cost(hash=OWN)
        for name, other in (("unknown", cost()), ("unusable", cost(hash="!")), ("malformed", cost(hash="$argon2id$v=19$m=1"))):
            check(0.7 < other / known < 1.4, f"{name}: {other:.2f} s for 20 checks, a known user {known:.2f} s")


@test
def threat_093_a_password_of_1_mb_is_refused_at_once():
    with start() as server:
        big = "a" * (1000 * 1000)
        began = time.perf_counter()
        check_equal(post(server, "/check", password=big, hash=OWN).text, "wrong")
        check_equal(post(server, "/hash", password=big).status, 422)
        check("at most 1024 bytes" in post(server, "/faults", password=big).text, "the rule")
        check(time.perf_counter() - began < 2, "it took long")


# -- rules -----------------------------------------------------------------------------------------------------------


class Range(http.server.BaseHTTPRequestHandler):
    """Knows one password."""

    asked, padding = [], []

    def do_GET(self):
        Range.asked.append(self.path)
        Range.padding.append(self.headers.get("Add-Padding"))
        digits = hashlib.sha1(b"gurkensalat77").hexdigest().upper()
        decoy = hashlib.sha1(b"gurkensalat78").hexdigest().upper()
        lines = ["0018A45C4D1DEF81644B54AB7F969B88D65:10", digits[5:] + ":37", decoy[5:] + ":0"]
        body = "\r\n".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@test
def a_stolen_password_is_refused_and_only_five_digits_of_its_hash_are_sent():
    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Range)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    with start(STOLEN_URL=f"http://127.0.0.1:{service.server_address[1]}/range/") as server:
        refused = post(server, "/faults", password="gurkensalat77")
        check_equal((refused.status, json.loads(refused.text)["errors"][0]["code"]), (422, "stolen"))
        check_equal(Range.asked[-1], "/range/" + hashlib.sha1(b"gurkensalat77").hexdigest()[:5])
        check_equal(Range.padding[-1], "true")
        check_equal(post(server, "/faults", password="gurkensalat78").text, "good", "one with a count of 0")
        check_equal(post(server, "/faults", password="gurkensalat79").text, "good", "one that is not listed")
    service.shutdown()


@test
def a_password_is_accepted_with_a_line_in_the_log_when_the_service_is_away():
    with start(STOLEN_URL="http://127.0.0.1:9/") as server:
        check_equal(post(server, "/faults", password="gurkensalat77").text, "good")
        server.wait_logged("without looking it up")
        check("gurkensalat" not in "\n".join(server.lines), "the log has the password")


@test
def every_fault_of_a_password_is_named():
    with start() as server:
        def codes(**body):
            reply = post(server, "/faults", **body)
            return [] if reply.status == 200 else [error["code"] for error in json.loads(reply.text)["errors"]]
        check_equal(codes(password="short"), ["too_short"])
        check_equal(codes(password="\u00fc" * 7), ["too_short"])
        check_equal(codes(password="Passw0rd!"), ["common"])
        check_equal(codes(password="hammersmith9", name="Hammersmith"), ["similar"])
        check_equal(codes(password="dragon1234", email="dragon1234@example.org"), ["common", "similar"])
        check_equal(codes(password="correct horse battery", name="Ann", email="ann@example.org"), [])


if __name__ == "__main__":
    sys.exit(harness.main(programs=("passwords",)))
