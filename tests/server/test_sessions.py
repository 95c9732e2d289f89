#!/usr/bin/env python3
"""Sessions over several workers, in each store, through crashes, reloads and stores that are away: sessions.c."""

import concurrent.futures
import http.cookiejar
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import harness
import shared_postgres
from harness import Server, Skip, check, check_equal, test, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import redis  # pylint: disable=wrong-import-position,wrong-import-order


class Browser:
    """A client with a jar of cookies: Python's, which is not ours."""

    def __init__(self, server):
        self.base = f"http://127.0.0.1:{server.port}"
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, target):
        try:
            with self.opener.open(self.base + target, timeout=20) as reply:
                self.headers = reply.headers
                return reply.read().decode()
        except urllib.error.HTTPError as error:
            return str(error.code)

    def cookie(self):
        return next((f"{one.name}={one.value}" for one in self.jar), "")


class Stored:
    """The service with a store, which ends with the `with` block."""

    def __init__(self, store, workers=2, **env):
        self.store, self.workers, self.env = store, workers, {"STORE": store, **env}
        self.folder = tempfile.mkdtemp(prefix="tern-sessions-")
        self.redis = None

    def __enter__(self):
        if self.store == "redis":
            if not redis.is_installed():
                raise Skip("redis-server is not installed")
            self.redis = redis.Server()
            self.redis.__enter__()
            self.env["TERN_REDIS_URL"] = self.redis.url()
        elif self.store == "sqlite":
            self.env.update(STORE="database", TERN_DATABASE_URL=f"sqlite:{self.folder}/app.db")
        elif self.store == "postgres":
            server = shared_postgres.server()
            name = os.path.basename(self.folder).replace("-", "_").lower()
            server.psql(f"create database {name}")
            self.env.update(STORE="database", TERN_DATABASE_URL=server.url(name))
        elif self.store == "cookie":
            self.env["TERN_SECRET_KEYS"] = "XCbdcpIC0kM3yAFYCYg6Lsb4k1PcVlF3EmXxWYn4p4w"
        if self.env["STORE"] == "database":
            program = harness.program("sessions")
            self.env["MIGRATIONS"] = f"{self.folder}/migrations"
            settings = {**os.environ, **self.env}
            for step in (["migrate", "make"], ["migrate"]):
                made = subprocess.run([program, *step], cwd=self.folder, env=settings, capture_output=True, text=True,
                                      check=False)
                check_equal(made.returncode, 0, made.stdout + made.stderr)
        self.server = Server(name="sessions", workers=self.workers, env=self.env)
        self.server.__enter__()
        return self

    def __exit__(self, *reason):
        try:
            self.server.__exit__(*reason)
        finally:
            if self.redis is not None:
                self.redis.__exit__(*reason)
            shutil.rmtree(self.folder, ignore_errors=True)

    def browser(self):
        return Browser(self.server)


def in_each(*stores):
    def mark(function):
        for store in stores:
            def one(store=store):
                function(store)
            one.__name__ = f"{function.__name__}_in_{store}"
            test(one)
        return function
    return mark


ALL = ("memory", "redis", "sqlite", "postgres", "cookie")
SHARED = ("memory", "redis", "sqlite", "postgres")


@in_each(*ALL)
def a_session_is_the_same_in_all_workers(store):
    with Stored(store, workers=3) as stored:
        browser = stored.browser()
        check_equal(browser.get("/set?key=a&value=1"), "set")
        for _ in range(20):
            check_equal(browser.get("/get?key=a"), "1")
        check_equal(browser.headers["Cache-Control"], "private, no-store")
        check_equal(stored.browser().get("/get?key=a"), "none")


@in_each(*SHARED)
def requests_of_one_session_at_once_keep_the_keys_of_each_other(store):
    with Stored(store, workers=2) as stored:
        browser = stored.browser()
        browser.get("/set?key=a&value=1")
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            said = list(pool.map(lambda i: stored.server.get(f"/slow?key=k{i}&value={i}",
                                                             f"Cookie: {browser.cookie()}").status, range(12)))
        check_equal(said, [200] * 12)
        check_equal([browser.get(f"/get?key=k{i}") for i in range(12)], [str(i) for i in range(12)])
        check_equal(browser.get("/get?key=a"), "1")


@in_each(*SHARED)
def threat_085_signing_in_and_out_changes_the_id_and_ends_the_old_one(store):
    with Stored(store) as stored:
        browser, other = stored.browser(), stored.browser()
        browser.get("/set?key=a&value=1")
        before = browser.cookie()
        check_equal(browser.get("/in?user=42"), "in")
        signed_in = browser.cookie()
        check(before != signed_in, "a new id")
        check_equal(browser.get("/who"), "42")
        check_equal(stored.server.get("/who", f"Cookie: {before}").text, "none")
        other.get("/in?user=42")
        check_equal(browser.get("/end-others"), "1")
        check_equal(other.get("/who"), "none")
        check_equal(browser.get("/out"), "out")
        check_equal(stored.server.get("/who", f"Cookie: {signed_in}").text, "none")


@test
def a_session_in_memory_outlives_workers_that_are_killed_and_reloads():
    with Stored("memory", workers=2) as stored:
        browser = stored.browser()
        browser.get("/in?user=42")
        for pid in stored.server.worker_pids():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: stored.server.get("/who").status == 200, text="new workers")
        check_equal(browser.get("/who"), "42")
        old = set(stored.server.worker_pids())
        stored.server.signal(signal.SIGHUP)
        wait_for(lambda: not old & set(stored.server.worker_pids()), text="reload")
        check_equal(browser.get("/who"), "42")


@in_each(*SHARED)
def an_id_that_is_old_is_renewed_and_the_one_before_counts_for_requests_at_once(store):
    with Stored(store, RENEW_S="1", OVERLAP_S="1") as stored:
        browser = stored.browser()
        browser.get("/in?user=42")
        first = browser.cookie()
        wait_for(lambda: browser.get("/who") == "42" and browser.cookie() != first, text="a new id")
        check_equal(stored.server.get("/who", f"Cookie: {first}").text, "42", "until the new one is used")
        check_equal(browser.get("/who"), "42")
        wait_for(lambda: stored.server.get("/who", f"Cookie: {first}").text == "none", text="the end of the overlap")
        check_equal(browser.get("/who"), "42")


@in_each(*SHARED)
def a_client_that_did_not_get_its_new_id_keeps_its_session(store):
    with Stored(store, RENEW_S="1", OVERLAP_S="1") as stored:
        browser = stored.browser()
        browser.get("/in?user=42")
        first = f"Cookie: {browser.cookie()}"
        wait_for(lambda: stored.server.get("/who", first).header("Set-Cookie") is not None, text="a new id, lost")
        again = wait_for(lambda: stored.server.get("/who", first).header("Set-Cookie"), text="another one")
        check_equal(stored.server.get("/who", f"Cookie: {again.split(';')[0]}").text, "42")


@in_each(*ALL)
def a_session_ends_when_it_is_not_used(store):
    with Stored(store, IDLE_S="1") as stored:
        browser = stored.browser()
        cookie = stored.server.get("/in?user=42").header("Set-Cookie").split(";")[0]
        del browser
        wait_for(lambda: stored.server.get("/worker").status == 200, text="the service")
        time.sleep(2.1)  # what is waited for is that nothing happens
        check_equal(stored.server.get("/who", f"Cookie: {cookie}").text, "none")


@in_each(*ALL)
def a_session_that_is_used_lives_on_and_so_does_its_cookie(store):
    with Stored(store, IDLE_S="3") as stored:
        browser = stored.browser()
        browser.get("/set?key=a&value=1")
        end = time.monotonic() + 5
        while time.monotonic() < end:
            time.sleep(0.5)  # the pace of a person
            check_equal(browser.get("/get?key=a"), "1")


@in_each(*SHARED)
def a_request_that_ends_after_signing_out_does_not_bring_the_session_back(store):
    with Stored(store) as stored, concurrent.futures.ThreadPoolExecutor(1) as pool:
        browser = stored.browser()
        browser.get("/in?user=42")
        cookie = f"Cookie: {browser.cookie()}"
        slow = pool.submit(stored.server.get, "/slow?key=a&value=1", cookie)
        time.sleep(0.1)  # it has read the session, and sleeps for 0.2 s
        browser.get("/out")
        check_equal(slow.result().status, 200)
        check_equal(stored.server.get("/who", cookie).text, "none")


@test
def a_store_that_is_away_is_503_and_comes_back():
    with Stored("redis") as stored:
        browser = stored.browser()
        browser.get("/set?key=a&value=1")
        stored.redis.kill()
        check_equal(browser.get("/get?key=a"), "503")
        check(browser.get("/worker").isdigit(), "what needs no session is served")
        stored.redis.start()
        wait_for(lambda: browser.get("/get?key=a") == "none", text="redis, without what it had")


@test
def a_store_that_is_away_is_no_session_where_told():
    with Stored("redis", GO_ON="1") as stored:
        browser = stored.browser()
        browser.get("/set?key=a&value=1")
        stored.redis.kill()
        check_equal(browser.get("/get?key=a"), "none")
        check_equal(browser.get("/set?key=a&value=2"), "503")


@in_each("sqlite", "postgres")
def replies_are_kept_and_purged(store):
    with Stored(store, workers=2) as stored:
        first = stored.server.get("/cached").text
        for _ in range(6):
            check_equal(stored.server.get("/cached").text, first)
        check_equal(stored.server.get("/purge").text, "purged")
        second = stored.server.get("/cached").text
        check(second != first, "made again")
        check_equal(stored.server.get("/cached").text, second)


@test
def a_secret_key_is_needed_for_sessions_in_cookies():
    folder = tempfile.mkdtemp(prefix="tern-sessions-")
    env = {**os.environ, "STORE": "cookie"}
    env.pop("TERN_SECRET_KEYS", None)
    try:
        program = harness.program("sessions")
        refused = subprocess.run([program, "--port", "0"], cwd=folder, env=env, capture_output=True, text=True,
                                 timeout=20, check=False)
        check_equal(refused.returncode, 1)
        check("run `sessions secret new` once" in refused.stderr, refused.stderr)
        made = subprocess.run([program, "secret", "new"], cwd=folder, env=env, capture_output=True, text=True,
                              timeout=20, check=False)
        check_equal(made.returncode, 0, made.stderr)
        check_equal(os.stat(f"{folder}/secret.keys").st_mode & 0o777, 0o600)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@test
def curl_keeps_a_session_in_its_jar():
    with Stored("memory") as stored, tempfile.NamedTemporaryFile() as jar:
        def curl(target):
            return subprocess.run(["curl", "-s", "-b", jar.name, "-c", jar.name,
                                   f"http://127.0.0.1:{stored.server.port}{target}"],
                                  capture_output=True, text=True, timeout=20, check=False).stdout
        check_equal(curl("/in?user=42"), "in")
        check_equal(curl("/who"), "42")
        check_equal(curl("/out"), "out")
        check_equal(curl("/who"), "none")


if __name__ == "__main__":
    sys.exit(harness.main(at_once=4, programs=("sessions",)))
