"""Kept replies and idempotency keys in Redis: two services that share one, and a Redis that is away or silent."""

import concurrent.futures
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import harness
from harness import Server, Skip, check, check_equal, test, wait_for
from ports import free_port


class Redis:
    """A redis-server of this test, without files; it ends with the `with` block."""

    def __init__(self):
        if shutil.which("redis-server") is None:
            raise Skip("redis-server is not installed")
        self.folder = tempfile.mkdtemp(prefix="tern-redis-")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                                         "--dir", self.folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, text="redis-server")

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as client:
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(redis, workers=2, **env):
    return Server(name="caching", workers=workers, env={"IN_REDIS": "1", "TERN_REDIS_URL": redis.url, **env})


def runs(server):
    return json.loads(server.get("/state").text)["runs"]


def pay(server, target="/pay", key="k", body=b"{}"):
    return server.get(target, f"Idempotency-Key: {key}", method="POST", body=body)


@test
def two_services_share_kept_replies_and_purges():
    with Redis() as redis, start(redis) as one, start(redis) as other:
        host = "Host: shared"
        check_equal(one.get("/slow").text, "1 version 0", "made")
        check_equal(other.get("/slow").text, "1 version 0", "shared")
        check_equal((runs(one), runs(other)), (1, 0), "runs")
        check(other.get("/slow").header("Cache-Status").startswith("tern; hit; ttl="), host)
        one.get("/change", method="POST", body=b"")
        check_equal(other.get("/slow").text, "1 version 0", "made again by the other, whose version is its own")
        check_equal(runs(other), 1, "runs of the other")


@test
def two_services_make_a_reply_once():
    with Redis() as redis, start(redis) as one, start(redis) as other:
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            replies = list(pool.map(lambda at: (one, other)[at % 2].get("/slow?ms=500").text, range(40)))
        check_equal(set(replies), {"1 version 0"}, "replies")
        check_equal(runs(one) + runs(other), 1, "runs")


@test
def two_services_run_a_request_with_a_key_once():
    with Redis() as redis, start(redis) as one, start(redis) as other:
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            replies = list(pool.map(lambda at: pay((one, other)[at % 2], "/pay-waiting?ms=300").text, range(20)))
        check_equal(set(replies), {"paid 1"}, "replies")
        check_equal(runs(one) + runs(other), 1, "runs")
        check_equal(pay(other, body=b"[]").status, 422, "another request with the key")


@test
def stale_replies_in_redis_are_renewed_in_the_background():
    target = "/told?ms=300&control=max-age=1,stale-while-revalidate=60"
    with Redis() as redis, start(redis) as server:
        server.get(target)
        wait_for(lambda: "stale-while-revalidate" in server.get(target).header("Cache-Status"), text="a stale reply")
        wait_for(lambda: server.get(target).text == "2", text="the renewed reply")


@test
def values_in_redis_are_those_of_all_services():
    with Redis() as redis, start(redis) as one, start(redis) as other:
        check_equal(one.get("/values/a", method="PUT", body=b"x" * 100000).text, "1", "stored")
        check_equal(other.get("/values/a").body, b"x" * 100000, "value")


@test
def without_redis_replies_are_made_and_payments_refused():
    with Redis() as redis, start(redis) as server:
        server.get("/slow")
        redis.kill()
        reply = server.get("/slow")
        check_equal((reply.status, reply.text), (200, "2 version 0"), "made by the handler")
        check_equal(reply.header("Cache-Status"), "tern; fwd=bypass; detail=store-away", "what the header tells")
        check_equal(pay(server).status, 503, "a payment cannot be made once for sure")
        check_equal(server.get("/change", method="POST", body=b"").status, 503, "a purge that is lost is told")
        redis.start()
        wait_for(lambda: "hit" in server.get("/slow").header("Cache-Status"), text="kept replies again")


@test
def without_redis_requests_are_refused_where_said():
    with Redis() as redis, start(redis, REFUSE="1") as server:
        redis.kill()
        reply = server.get("/slow")
        check_equal(reply.status, 503, "status")
        check("the cache's store (redis) cannot be reached" in reply.text, reply.text)


@test
def a_silent_redis_delays_requests_for_a_bounded_time():
    with Redis() as redis, start(redis) as server:
        server.get("/slow")
        redis.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        check_equal(server.get("/slow").status, 200, "status")
        check(time.monotonic() - began < 8, "the time limit of a command, not that of the request")


if __name__ == "__main__":
    sys.exit(harness.main(at_once=4, programs=("caching",)))
