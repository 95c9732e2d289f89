"""Middleware that limits requests, on several workers and with clients that are not ours."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import harness
from harness import Server, Skip, check, check_equal, test, wait_for
from ports import free_port


def limiting(*flags, workers=1, env=None):
    return Server(*flags, name="limiting", workers=workers, env=env)


def status(server, target, *headers):
    return server.get(target, *headers).status


def flood(server, target, connections, requests):
    """Requests on many connections at the same time, pipelined; how many replies had each status."""
    seen, lock = {}, threading.Lock()
    head = f"GET {target} HTTP/1.1\r\nHost: h\r\n".encode()
    asked = (head + b"\r\n") * (requests - 1) + head + b"Connection: close\r\n\r\n"
    begin = threading.Barrier(connections)

    def one():
        got = b""
        with server.connect() as client:
            begin.wait()
            try:
                client.socket.sendall(asked)
                while piece := client.socket.recv(65536):
                    got += piece
            except OSError:
                pass  # its worker was killed
        with lock:
            for line in got.split(b"HTTP/1.1 ")[1:]:
                seen[line[:3].decode()] = seen.get(line[:3].decode(), 0) + 1

    threads = [threading.Thread(target=one) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def handled(server):
    return int(server.get("/count").text)


@test
def of_10000_requests_at_the_same_time_just_100_pass():
    with limiting(workers=4) as server:
        check_equal(flood(server, "/rate", 50, 200), {"200": 100, "429": 9900}, "replies")
        check_equal(handled(server), 100, "handled")


@test
def a_worker_that_dies_takes_no_request_from_the_count_and_gives_none_back():
    with limiting(workers=4) as server:
        done = threading.Event()
        deaths = [0]

        def kill_workers():
            while not done.wait(0.02):
                pids = server.worker_pids()
                if len(pids) == 4 and deaths[0] < 5:
                    os.kill(pids[deaths[0] % 4], signal.SIGKILL)
                    deaths[0] += 1

        killer = threading.Thread(target=kill_workers)
        killer.start()
        for _ in range(4):
            flood(server, "/rate", 50, 50)
        done.set()
        killer.join()
        check(deaths[0] > 0, "workers died")
        wait_for(lambda: len(server.worker_pids()) == 4, text="all workers")
        check_equal(flood(server, "/rate", 4, 50), {"429": 200}, "replies")
        passed = handled(server)
        check(100 - deaths[0] <= passed <= 100, f"{passed} passed, {deaths[0]} workers died")


@test
def a_reload_keeps_the_counts():
    with limiting(workers=2) as server:
        check_equal(status(server, "/key", "X-Api-Key: a"), 200)
        old = server.worker_pids()
        server.signal(signal.SIGHUP)
        wait_for(lambda: not set(old) & set(server.worker_pids()) and len(server.worker_pids()) == 2,
                 text="new workers")
        check_equal(status(server, "/key", "X-Api-Key: a"), 429)
        check_equal(status(server, "/key", "X-Api-Key: b"), 200)


@test
def a_refused_client_that_waits_as_told_gets_in():
    with limiting(workers=2) as server:
        refused = 0
        for _ in range(3):
            reply = server.get("/second")
            if reply.status == 429:
                refused += 1
                time.sleep(int(reply.header("Retry-After")))  # what is tested is that this is enough
                check_equal(status(server, "/second"), 200)
        check(refused >= 1, "some were refused")


@test
def a_bucket_lets_its_burst_pass_at_once():
    with limiting(workers=2) as server:
        seen = flood(server, "/bucket", 1, 100)
        check(5 <= seen["200"] <= 20, f"{seen}")


@test
def curl_waits_as_long_as_it_is_told():
    if shutil.which("curl") is None:
        raise Skip("needs curl")
    with limiting() as server:
        url = f"http://127.0.0.1:{server.port}/second"
        if server.has_tls:
            raise Skip("plain HTTP alone")
        done = subprocess.run(["curl", "-sS", "--retry", "3", "--no-progress-meter", "--fail", url, url, url],
                              capture_output=True, text=True, timeout=20, check=False)
        check_equal(done.stdout, "okokok", f"bodies ({done.stderr})")


@test
def fetch_of_node_reads_the_headers():
    if shutil.which("node") is None:
        raise Skip("needs node")
    with limiting() as server:
        if server.has_tls:
            raise Skip("plain HTTP alone")
        script = """
            const url = process.argv[1];
            await fetch(url);
            const reply = await fetch(url);
            const problem = await reply.json();
            console.log(JSON.stringify([reply.status, reply.headers.get('ratelimit'),
                reply.headers.get('ratelimit-policy'), reply.headers.get('retry-after'), problem.status]));"""
        done = subprocess.run(["node", "--input-type=module", "-e", script, f"http://127.0.0.1:{server.port}/key"],
                              capture_output=True, text=True, timeout=20, check=False)
        check_equal(done.returncode, 0, done.stderr)
        code, limit, policy, retry, problem = json.loads(done.stdout)
        check_equal((code, policy, problem), (429, '"1-in-3600s";q=1;w=3600', 429))
        check(limit.startswith('"1-in-3600s";r=0;t=') and int(retry) > 3600, f"{limit} {retry}")


class Load:
    """Connections that ask for a target again and again, until the block ends; how many replies had each status."""

    def __init__(self, server, connections, target, *headers):
        self.seen, self.slowest_refusal_s = {}, 0
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(server, target, headers))
                         for _ in range(connections)]

    def _run(self, server, target, headers):
        asked = "\r\n".join([f"GET {target} HTTP/1.1", "Host: h", *headers]) + "\r\n\r\n"
        with server.connect() as client:
            while not self._done.is_set():
                client.send(asked)
                reply = client.read()
                self.seen[reply.status] = self.seen.get(reply.status, 0) + 1
                if reply.status == 503:
                    check(1 <= int(reply.header("Retry-After")) <= 2, "Retry-After")
                    self._done.wait(0.01)  # a client that is refused comes back later

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        for thread in self._threads:
            thread.join()

    def count(self, code):
        return self.seen.get(code, 0)


@test
def a_busy_worker_refuses_what_it_cannot_answer_and_is_back_to_normal_at_once():
    with limiting() as server:
        with Load(server, 30, "/shed?ms=5") as load:
            wait_for(lambda: load.count(200) > 30 and load.count(503) > 30, text="both replies")
            check_equal([status(server, path) for path in ("/healthz", "/readyz")], [200, 200], "health checks")
        wait_for(lambda: status(server, "/shed?ms=1") == 200, 2, "normal replies")
        server.wait_logged("load_shed: ")


@test
def high_priorities_are_served_while_low_ones_are_refused():
    with limiting() as server:
        with Load(server, 30, "/shed/low?ms=5") as low, Load(server, 1, "/shed/high?ms=5") as high:
            wait_for(lambda: low.count(503) > 200 and high.count(200) > 20, text="load")
        served = {name: load.count(200) / sum(load.seen.values()) for name, load in (("low", low), ("high", high))}
        check(served["high"] > 2 * served["low"], f"shares of replies that are 200: {served}")


@test
def a_small_tenant_is_served_beside_a_large_one():
    with limiting() as server:
        with (Load(server, 30, "/shed/tenant?ms=5", "X-Tenant: large") as large,
              Load(server, 1, "/shed/tenant?ms=5", "X-Tenant: small") as small):
            wait_for(lambda: large.count(503) > 300 and small.count(200) > 20, text="load")
        share = {name: load.count(200) / sum(load.seen.values()) for name, load in (("large", large), ("small", small))}
        check(share["small"] > 2 * share["large"], f"{share}")


def at_once(server, target, times):
    """The statuses of requests at the same time, in the order of their replies."""
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(status(server, target))) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


@test
def beyond_those_in_work_and_those_that_wait_requests_are_refused():
    with limiting() as server:
        seen = at_once(server, "/gate?ms=300", 10)
        check_equal((seen.count(200), seen.count(503)), (5, 5), "two in work, three waiting")
        check_equal(seen[:5], [503] * 5, "the refused ones are answered first")
        check_equal(server.get("/gate?ms=1").status, 200)


@test
def without_a_waiting_room_the_second_request_is_refused_at_once():
    with limiting() as server:
        check_equal(sorted(at_once(server, "/gate/closed?ms=300", 3)), [200, 503, 503])
        check_equal(server.get("/gate/closed?ms=1").status, 200)


@test
def a_request_that_waits_too_long_is_refused():
    with limiting() as server:
        check_equal(sorted(at_once(server, "/gate/short?ms=500", 2)), [200, 503])


@test
def a_client_that_leaves_gives_its_place_to_the_next():
    with limiting() as server:
        client = server.connect()
        client.send("GET /gate/short?ms=5000 HTTP/1.1\r\nHost: h\r\n\r\n")
        wait_for(lambda: status(server, "/gate/short?ms=1") == 503, text="the place is taken")
        client.socket.setsockopt(harness.socket.SOL_SOCKET, harness.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.socket.close()
        wait_for(lambda: status(server, "/gate/short?ms=1") == 200, text="the place is free")


@test
def all_workers_together_never_run_more_than_the_limit_also_when_workers_die():
    with limiting(workers=3) as server:
        check_equal(at_once(server, "/gate/all", 30).count(200), 30)
        check(int(server.get("/most").text) <= 5, server.get("/most").text)
        check(int(server.get("/most").text) >= 3, "several at the same time")
        for _ in range(3):
            client = server.connect()
            client.send("GET /gate/all HTTP/1.1\r\nHost: h\r\n\r\n" * 3)
            victim = server.worker_pids()[0]
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda v=victim: v not in server.worker_pids() and len(server.worker_pids()) == 3, text="its successor")
        check_equal(at_once(server, "/gate/all", 20).count(200), 20)


@test
def a_circuit_opens_on_failures_and_closes_after_probes():
    with limiting(workers=2) as server:
        for _ in range(4):
            check_equal(status(server, "/circuit?fail=true"), 502)
        before = handled(server)
        reply = server.get("/circuit")
        check_equal((reply.status, int(reply.header("Retry-After")) <= 2), (503, True))
        check_equal(handled(server), before, "the handler was spared")
        wait_for(lambda: status(server, "/circuit?fail=true") == 502, text="a probe that fails")
        check_equal(status(server, "/circuit"), 503, "it is open again")
        wait_for(lambda: status(server, "/circuit") == 200, text="a probe that succeeds")
        for _ in range(3):
            check_equal(status(server, "/circuit"), 200)
        check_equal(status(server, "/circuit?fail=true"), 502, "one failure does not open it")
        check_equal(status(server, "/circuit"), 200)
        server.wait_logged("circuit_breaker flaky: requests succeed again")
        check_equal(server.count_logged("circuit_breaker flaky: too many requests fail"), 2)


@test
def requests_whose_time_was_over_open_a_circuit():
    with limiting() as server:
        for _ in range(2):
            check("took longer" in server.get("/circuit/late?ms=5000").text, "time-out")
        check("this part of the service" in server.get("/circuit/late?ms=1").text, "it is open")


@test
def replies_that_are_slower_than_slow_ms_open_a_circuit_though_they_succeed():
    with limiting() as server:
        for _ in range(2):
            check_equal(status(server, "/circuit/slow?ms=100"), 200, "a slow success")
        check("this part of the service" in server.get("/circuit/slow?ms=1").text, "it is open")


@test
def replies_that_are_faster_than_slow_ms_keep_a_circuit_closed():
    with limiting() as server:
        for _ in range(4):
            check_equal(status(server, "/circuit/slow?ms=0"), 200, "a fast success")


@test
def a_handler_that_computes_for_too_long_is_stopped_and_its_worker_serves_on():
    with limiting("--watchdog", "20s") as server:
        pids = server.worker_pids()
        for target in ("/cpu", "/group/cpu"):
            reply = server.get(target)
            check_equal(reply.status, 503, target)
            check("processor time" in reply.text, reply.text)
            check_equal(status(server, "/key", f"X-Api-Key: {target}"), 200)
        check_equal(server.worker_pids(), pids, "workers")


@test
def time_that_a_handler_waits_is_not_processor_time():
    with limiting() as server:
        check_equal(server.get("/group/wait/longer").text, "waited")


@test
def limits_of_a_group_hold_for_its_routes_unless_they_have_their_own():
    with limiting() as server:
        check_equal(status(server, "/group/wait"), 503)
        check_equal(handled(server), 1, "what was deferred has run")
        check_equal(server.get("/group/body", method="POST", body=b"x" * 100).text, "100")
        check_equal(server.get("/group/body", method="POST", body=b"x" * 101).status, 413)
        check_equal(server.get("/group/body/longer", method="POST", body=b"x" * 1000).text, "1000")
        check_equal(server.get("/group/body/longer", method="POST", body=b"x" * 1001).status, 413)


@test
def a_file_closes_the_service_and_its_end_opens_it():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "maintenance")
        with limiting(env={"MAINTENANCE_FILE": path}) as server:
            check_equal(status(server, "/closing"), 200)
            with open(path, "w", encoding="ascii"):
                pass
            wait_for(lambda: status(server, "/closing") == 503, text="closed")
            reply = server.get("/closing")
            check_equal((reply.header("Retry-After"), reply.header("Content-Type")), ("7", "application/problem+json"))
            reply = server.get("/closing", "Accept: text/html")
            check_equal((reply.status, reply.text), (503, "<h1>Back soon</h1><p>the service is under maintenance</p>"))
            check_equal([status(server, path) for path in ("/closing/allowed", "/healthz")], [200, 200])
            os.unlink(path)
            wait_for(lambda: status(server, "/closing") == 200, text="open")


@test
def a_switch_closes_all_workers_at_once():
    with limiting(workers=3) as server:
        check_equal(server.get("/close", method="POST").status, 200)
        check_equal([status(server, "/closing") for _ in range(9)], [503] * 9)
        check_equal(server.get("/close?on=false", method="POST").status, 200)
        check_equal([status(server, "/closing") for _ in range(9)], [200] * 9)
        server.wait_logged("maintenance: the service is open again")
        check_equal(server.count_logged("maintenance: the service is "), 2)


class Redis:
    """A Redis of the test's own."""

    def __init__(self):
        if shutil.which("redis-server") is None:
            raise Skip("needs redis-server")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no",
                                         "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
        wait_for(self._answers, text="redis-server")

    def _answers(self):
        try:
            with harness.socket.create_connection(("127.0.0.1", self.port)) as client:
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


@test
def two_machines_with_one_redis_have_one_count():
    with Redis() as redis, limiting(workers=2, env={"TERN_REDIS_URL": redis.url}) as one, \
            limiting(workers=2, env={"TERN_REDIS_URL": redis.url}) as two:
        seen = []
        threads = [threading.Thread(target=lambda s=server: seen.append(flood(s, "/redis", 10, 20)))
                   for server in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check_equal(sum(each.get("200", 0) for each in seen), 100, f"{seen}")
        check_equal(sum(each.get("429", 0) for each in seen), 300, f"{seen}")


@test
def several_policies_in_redis_are_like_those_in_memory():
    with Redis() as redis, limiting(env={"TERN_REDIS_URL": redis.url}) as server:
        replies = [server.get("/redis/several") for _ in range(4)]
        check_equal([reply.status for reply in replies], [200, 200, 200, 429])
        check_equal(replies[0].header("RateLimit"), '"hour";r=4;t=3600, "bucket";r=2;t=200')
        check_equal(replies[3].header("Retry-After"), "200")
        check('"hour";r=2;' in replies[3].header("RateLimit"), replies[3].header("RateLimit"))
        check_equal([status(server, "/redis/failures") for _ in range(4)], [200] * 4)
        check_equal([status(server, "/redis/failures?fail=true") for _ in range(3)], [502, 502, 429])


@test
def without_redis_each_machine_counts_for_itself_until_it_is_back():
    with Redis() as redis, limiting(env={"TERN_REDIS_URL": redis.url}) as server:
        check_equal([status(server, "/redis/several") for _ in range(4)], [200, 200, 200, 429])
        redis.stop()
        check_equal([status(server, "/redis/several") for _ in range(4)], [200, 200, 200, 429])
        server.wait_logged("Redis is away")
        check_equal(server.count_logged("Redis is away"), 1)
        redis.start()
        wait_for(lambda: status(server, "/redis/several") == 200, text="a count in Redis")
        server.wait_logged("rate_limit: Redis is back")


@test
def the_openapi_document_shows_limits():
    document = json.loads(subprocess.run([harness.program("limiting"), "openapi"], capture_output=True, text=True,
                                         check=True).stdout)
    replies = document["paths"]["/rate"]["get"]["responses"]
    check("429" in replies, f"{replies}")
    check("RateLimit" in replies["200"]["headers"], f"{replies}")


# -- rates of one request ---------------------------------------------------------------------------------------------

def timed(server, target, *lines):
    began = time.monotonic()
    reply = server.get(target, *lines)
    return reply, time.monotonic() - began


@test
def replies_of_a_limited_rate_are_whole_and_take_their_time():
    with limiting() as server:
        for target, body in (("/throttled/whole", b"w" * 30000),
                             ("/throttled/stream", b"a" * 10000 + b"b" * 10000 + b"c" * 10000)):
            reply, took_s = timed(server, target)
            check_equal((reply.status, reply.body == body), (200, True), target)
            check(0.15 < took_s, f"{target} took {took_s} s")


@test
def a_range_of_a_file_is_sent_at_the_limited_rate():
    with limiting() as server:
        reply, took_s = timed(server, "/throttled/file", "Range: bytes=1-30000")
        check_equal((reply.status, len(reply.body)), (206, 30000), "reply")
        check(0.15 < took_s, f"it took {took_s} s")


@test
def the_first_bytes_of_a_limited_reply_are_free():
    with limiting() as server:
        reply, took_s = timed(server, "/throttled/free")  # the rest would take 50 minutes
        check_equal((reply.status, len(reply.body)), (200, 30000), "reply")


@test
def head_is_answered_at_once_whatever_the_rate():
    with limiting() as server:
        reply = server.get("/throttled/held", method="HEAD")
        check_equal((reply.status, reply.header("Content-Length")), (200, "30000"), "reply")


@test
def other_requests_are_served_while_a_reply_waits_for_its_rate():
    with limiting() as server, server.connect() as slow:
        slow.send("GET /throttled/held HTTP/1.1\r\nHost: h\r\n\r\n")
        wait_for(lambda: slow.socket.recv(100), text="its head")
        check_equal(status(server, "/count"), 200, "another request")
        slow.reset()
        check_equal(status(server, "/count"), 200, "another request after it left")


@test
def a_body_that_is_slower_than_its_route_takes_is_408():
    with limiting() as server, server.connect() as client:
        client.send("POST /fast-bodies HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n")
        client.send("a" * 500)
        check_equal(client.read().status, 408, "status after 5 seconds")


if __name__ == "__main__":
    sys.exit(harness.main(at_once=4, programs=("limiting",)))
