"""Middleware that limits requests, on several workers and with clients that are not ours."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import harness
from harness import Server, Skip, check, check_equal, test, wait_for


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


@test
def the_openapi_document_shows_limits():
    document = json.loads(subprocess.run([harness.program("limiting"), "openapi"], capture_output=True, text=True,
                                         check=True).stdout)
    replies = document["paths"]["/rate"]["get"]["responses"]
    if "429" not in replies:
        raise Skip("this build does not document what middleware answers")
    check("RateLimit" in replies["200"]["headers"], f"{replies}")


if __name__ == "__main__":
    sys.exit(harness.main())
