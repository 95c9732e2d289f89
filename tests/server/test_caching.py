"""Kept replies in services of several workers: one maker at a time, makers that die, purges, nginx in front."""

import concurrent.futures
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import harness
from harness import PRESET, Server, Skip, check, check_equal, test, wait_for
from ports import free_port

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def start(**more):
    return Server(name="caching", workers=more.pop("workers", 3), **more)


def state(server):
    return json.loads(server.get("/state").text)


def runs(server):
    return state(server)["runs"]


def status_of(reply):
    return reply.header("Cache-Status")


def in_parallel(count, function):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: function(), range(count)))


@test
def all_workers_share_the_kept_replies():
    with start() as server:
        for _ in range(30):
            check_equal(server.get("/slow").text, "1 version 0", "reply")
        check_equal(runs(server), 1, "runs")


@test
def ten_thousand_parallel_requests_run_the_handler_once():
    count = 10000 if PRESET == "release" and not harness.HAS_TLS else 600
    with start() as server:
        clients = [server.connect(timeout=60) for _ in range(count)]
        for client in clients:
            client.send("GET /slow?ms=300 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        replies = [client.read() for client in clients]
        for client in clients:
            client.socket.close()
        check_equal({reply.text for reply in replies}, {"1 version 0"}, "replies")
        check_equal(sum("stored" in status_of(reply) for reply in replies), 1, "replies that were made")
        check_equal(runs(server), 1, "runs")


@test
def a_killed_maker_is_followed_by_another_one():
    with start() as server:
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            def ask():
                try:
                    return server.get("/slow?ms=700").text
                except (ConnectionError, AssertionError, OSError):
                    return None  # it was in the worker that was killed
            asked = [pool.submit(ask) for _ in range(20)]
            maker = wait_for(lambda: state(server)["maker"], text="a maker")
            time_killed = time.monotonic()
            os.kill(maker, signal.SIGKILL)
            replies = {each.result() for each in asked} - {None}
        check_equal(replies, {"2 version 0"}, "replies after the death")
        check(time.monotonic() - time_killed < 6, "they did not wait for the claim's end")
        check_equal(server.get("/slow?ms=700").text, "2 version 0", "reply")


@test
def a_maker_whose_client_leaves_is_followed_by_another_one():
    with start() as server:
        first = server.connect()
        first.send("GET /slow?ms=5000 HTTP/1.1\r\nHost: test\r\n\r\n")
        wait_for(lambda: runs(server) == 1, text="the first run")
        second = server.connect()
        second.send("GET /slow?ms=5000 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        first.reset()
        wait_for(lambda: runs(server) == 2, text="the second run")
        second.reset()


@test
def those_that_wait_too_long_go_to_the_handler():
    with start(env={"WAIT_MS": "200"}) as server:
        replies = in_parallel(4, lambda: server.get("/slow?ms=1500"))
        check_equal({reply.status for reply in replies}, {200}, "statuses")
        check_equal(runs(server), 4, "runs")
        check_equal(sum("wait-too-long" in status_of(reply) for reply in replies), 3, "that did not wait")


@test
def requests_for_a_failing_handler_do_not_queue():
    with start() as server:
        server.get("/state?down=1", method="POST", body=b"")
        began = time.monotonic()
        replies = in_parallel(12, lambda: server.get("/slow?ms=400"))
        check_equal({reply.status for reply in replies}, {503}, "statuses")
        check(time.monotonic() - began < 2.4, "one after the other would take 4.8 s")


@test
def a_purge_reaches_a_reply_that_is_being_made():
    with start() as server:
        client = server.connect()
        client.send("GET /slow?ms=300 HTTP/1.1\r\nHost: test\r\n\r\n")
        wait_for(lambda: runs(server) == 1, text="the handler has read the version")
        check_equal(server.get("/change", method="POST", body=b"").text, "1", "version")
        check_equal(server.get("/slow?ms=300").text, "2 version 1", "reply after the change")
        check_equal(client.read().text, "1 version 0", "reply that began before")
        check_equal(server.get("/slow?ms=300").text, "2 version 1", "reply that is kept")
        client.socket.close()


@test
def after_a_purge_no_worker_sends_what_was_before():
    with start() as server:
        stale = []
        for now in range(1, 60):
            pages = [threading.Thread(target=server.get, args=("/slow",)) for _ in range(3)]
            for page in pages:
                page.start()
            changed = int(server.get("/change", method="POST", body=b"").text)
            seen = int(server.get("/slow").text.rsplit(" ", 1)[1])
            if seen < changed:
                stale.append((now, changed, seen))
            for page in pages:
                page.join()
        check_equal(stale, [], "versions older than the purge")


@test
def a_stale_reply_is_sent_at_once_and_renewed_in_the_background():
    target = "/told?ms=400&control=max-age=1,stale-while-revalidate=60"
    with start() as server:
        check_equal(server.get(target).text, "1", "first reply")
        began = []

        def is_stale():
            began[:] = [time.monotonic()]
            return "stale-while-revalidate" in status_of(server.get(target))
        wait_for(is_stale, text="a stale reply")
        check(time.monotonic() - began[0] < 0.3, "the stale reply did not wait for the handler")
        wait_for(lambda: server.get(target).text == "2", text="the renewed reply")
        check_equal(runs(server), 2, "runs")


@test
def many_requests_for_a_stale_reply_start_one_renewal():
    target = "/told?ms=600&control=max-age=1,stale-while-revalidate=60"
    with start() as server:
        server.get(target)
        wait_for(lambda: "stale-while-revalidate" in status_of(server.get(target)), text="a stale reply")
        in_parallel(30, lambda: server.get(target))
        wait_for(lambda: server.get(target).text == "2", text="the renewed reply")
        check_equal(runs(server), 2, "runs")


@test
def a_kept_reply_is_sent_when_the_handler_fails():
    target = "/told?control=max-age=1,stale-if-error=60"
    with start() as server:
        server.get(target)
        server.get("/state?down=1", method="POST", body=b"")
        reply = wait_for(lambda: (r := server.get(target)) and "stale-if-error" in status_of(r) and r,
                         text="a stale reply")
        check_equal((reply.status, reply.text), (200, "1"), "reply")
        check(int(reply.header("Age")) >= 1, "its age")
        check_equal(reply.header("Retry-After"), None, "nothing of the failure")
        server.get("/state?down=0", method="POST", body=b"")
        wait_for(lambda: server.get(target).text != "1", text="a new reply")


@test
def a_stop_during_a_renewal_is_clean():
    target = "/told?ms=1200&control=max-age=1,stale-while-revalidate=60"
    with start(workers=1) as server:
        server.get(target.replace("1200", "0"))
        server.get(target)
        wait_for(lambda: "stale-while-revalidate" in status_of(server.get(target)), text="a stale reply")
        wait_for(lambda: runs(server) == 3, text="the renewal")


@test
def kept_replies_and_values_survive_a_killed_worker_and_a_reload():
    with start() as server:
        server.get("/slow")
        server.get("/values/a", method="PUT", body=b"value")
        for pid in server.worker_pids():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(server.worker_pids()) == 3 and server.logged("listening"), text="new workers")
        check_equal(server.get("/slow").text, "1 version 0", "after the deaths")
        server.signal(signal.SIGHUP)
        wait_for(lambda: server.get("/values/a").text == "value", text="the value after the reload")
        check_equal(server.get("/slow").text, "1 version 0", "after the reload")


# -- requests with an Idempotency-Key --

def pay(server, target="/pay", key="k", body=b"{}"):
    return server.get(target, f"Idempotency-Key: {key}", method="POST", body=body)


@test
def a_repeated_request_runs_once_in_all_workers():
    with start() as server:
        for _ in range(20):
            reply = pay(server)
            check_equal((reply.status, reply.text, reply.header("Location")), (201, "paid 1", "/payments/1"), "reply")
        check_equal(reply.header("Idempotent-Replayed"), "true", "the header of a repeated reply")
        check_equal(pay(server, body=b"[]").status, 422, "another body")
        check_equal(runs(server), 1, "runs")


@test
def of_parallel_requests_with_a_key_one_runs_and_the_others_are_409():
    with start() as server:
        replies = in_parallel(16, lambda: pay(server, "/pay?ms=500"))
        check_equal(sorted(reply.status for reply in replies), [201] + [409] * 15, "statuses")
        check(all(reply.header("Retry-After") == "1" for reply in replies if reply.status == 409), "Retry-After")
        check_equal(runs(server), 1, "runs")


@test
def parallel_requests_with_a_key_wait_where_said():
    with start() as server:
        replies = in_parallel(16, lambda: pay(server, "/pay-waiting?ms=500"))
        check_equal({(reply.status, reply.text) for reply in replies}, {(201, "paid 1")}, "replies")
        check_equal(runs(server), 1, "runs")


@test
def a_request_whose_worker_died_runs_again():
    with start() as server:
        client = server.connect()
        client.send("POST /pay?ms=8000 HTTP/1.1\r\nHost: test\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}")
        maker = wait_for(lambda: state(server)["maker"], text="that it runs")
        check_equal(pay(server, "/pay?ms=8000").status, 409, "while it runs")
        os.kill(maker, signal.SIGKILL)
        wait_for(lambda: not harness.is_alive(maker), text="the death")
        second = server.connect()
        second.send("POST /pay?ms=8000 HTTP/1.1\r\nHost: test\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}")
        wait_for(lambda: runs(server) == 2, text="the second run")
        for each in (client, second):
            each.socket.close()


@test
def a_request_whose_client_left_runs_again():
    with start() as server:
        client = server.connect()
        client.send("POST /pay?ms=300 HTTP/1.1\r\nHost: test\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}")
        wait_for(lambda: runs(server) == 1, text="that it runs")
        client.reset()
        reply = wait_for(lambda: (r := pay(server, "/pay?ms=300")).status == 201 and r, text="the second run")
        check_equal(reply.text, "paid 2", "reply")


def _curl(*arguments):
    done = subprocess.run(["curl", "-sS", "-i", *arguments], capture_output=True, timeout=20, check=False)
    return done.stdout.decode()


@test
def threat_098_nginx_in_front_shares_neither_pages_of_sessions_nor_poisoned_ones():
    if shutil.which("nginx") is None:
        raise Skip("nginx is not installed")
    if harness.HAS_TLS:
        raise Skip("nginx speaks plain HTTP to it")
    folder = tempfile.mkdtemp(prefix="tern-nginx-")
    os.chmod(folder, 0o777)
    port = free_port()
    with start() as server:
        with open(os.path.join(folder, "nginx.conf"), "w", encoding="ascii") as file:
            file.write(f"""
daemon off; pid {folder}/pid; error_log stderr; worker_processes 1; events {{}}
http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; proxy_cache_path {folder}/cache keys_zone=c:1m;
server {{ listen 127.0.0.1:{port}; location / {{ proxy_cache c; proxy_http_version 1.1; proxy_set_header Connection "";
add_header X-Nginx $upstream_cache_status; proxy_pass http://{server.host}:{server.port}; }} }} }}""")
        nginx = subprocess.Popen(["nginx", "-e", "stderr", "-p", folder, "-c", "nginx.conf"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: "204" in _curl("-X", "POST", "-d", "", f"{url}/state"), text="nginx")
            check("page of ann" in _curl("-b", "session=ann", f"{url}/account/x.css"), "the page of a session")
            check("page of nobody" in _curl(f"{url}/account/x.css"), "not shared")
            check("page of bea" in _curl("-b", "session=bea", f"{url}/account/x.css"), "nor with another session")
            check("//evil/" in _curl("-H", "X-Forwarded-Host: evil", f"{url}/link"), "the poisoned page")
            check("//own/" in _curl(f"{url}/link"), "is not sent to others")
            again = _curl(f"{url}/link")
            check("X-Nginx: HIT" in again and "//own/" in again, "nginx keeps what may be kept")
        finally:
            nginx.terminate()
            nginx.wait()
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(harness.main(at_once=5, programs=("caching",)))
