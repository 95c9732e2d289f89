"""The master and its workers, as clients see them: echo_service on a free port, accessed over plain sockets.

Each test starts its own service and is independent of the others. Run one with: test_master.py WORD
"""

import os
import re
import resource
import select
import signal
import socket
import sys
import tempfile
import threading
import time

import harness
from harness import check, is_alive, test, wait_for


class Connection:
    """A keep-alive HTTP/1.1 client that never retries."""

    def __init__(self, service, timeout=5.0):
        if service.path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(service.path)
        else:
            self.socket = socket.create_connection((service.host, service.port), timeout)
        self.buffer = b""

    def send(self, path, close=False):
        last = "Connection: close\r\n" if close else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\n{last}\r\n".encode())

    def receive(self):
        """(status, body, whether the server closes); ConnectionError when it closed without an answer."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        self.head = head.decode()
        return int(head.split()[1]), body.decode(), b"Connection: close" in head

    def get(self, path):
        self.send(path)
        return self.receive()

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed without an answer")
        self.buffer += data

    def close(self):
        self.socket.close()


class Service(harness.Program):
    """A running echo_service."""

    def __init__(self, workers=2, port=0, limit_files=None, wait=True, **settings):
        command = [harness.program("echo_service"), str(port), str(workers)]
        command += [f"{name}={value}" for name, value in settings.items()]
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit_files, limit_files))) if limit_files else None
        super().__init__(command, before=limit)
        if wait:
            self.wait_until_listening()
            if not os.path.exists(settings.get("fail", "")):
                wait_for(lambda: len(self.worker_pids()) == workers, 10, "all workers")

    def get(self, path, timeout=5.0):
        connection = Connection(self, timeout)
        try:
            return connection.get(path)
        finally:
            connection.close()

    def __exit__(self, kind, *rest):
        """Many of these tests check how a service ends, so any end is accepted here."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        if kind is None:
            self.check_sanitizers()
        else:
            super().__exit__(kind, *rest)


class Stream:
    """Keep-alive clients that send one request after the other, and record everything that is not an answer."""

    def __init__(self, service, clients=4, path="/pid"):
        self.service, self.path = service, path
        self.answers, self.failures, self.pids = 0, [], set()
        self.is_over = False
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        try:
            connection = Connection(self.service)
            while not self.is_over:
                status, body, closes = connection.get(self.path)
                check(status == 200, f"status {status}")
                self.answers += 1
                self.pids.add(int(body.split()[0]))
                if closes:
                    connection.close()
                    connection = Connection(self.service)
                time.sleep(0.0005)
            connection.close()
        except Exception as error:  # every kind of lost answer counts
            self.failures.append(repr(error))

    def new_pid(self, known, seconds=10):
        wait_for(lambda: self.failures or self.pids - known, seconds, "answers of a new worker")

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(10)
        check(not self.failures, f"lost answers: {self.failures[:3]} after {self.answers}")
        check(self.answers > 0, "no answers at all")


def time_to_answer(service, known_pid):
    """Milliseconds until a worker other than `known_pid` answers."""
    begin = time.monotonic()
    while time.monotonic() < begin + 5:
        try:
            status, body, _ = service.get("/pid", timeout=1)
            if status == 200 and int(body.split()[0]) != known_pid:
                return (time.monotonic() - begin) * 1000
        except OSError:
            pass
    raise AssertionError("no new worker answered")


def ask_to_die(service, path):
    connection = Connection(service)
    connection.send(path)
    try:
        connection.receive()
    except OSError:
        connection.close()
        return
    raise AssertionError("the worker answered")


def quickest_replacement(path, then):
    """Milliseconds from the death of a worker to its successor's answer: the least of five services, because a
    busy machine delays some of them. A wait in the master would delay all."""
    quickest = None
    for _ in range(5):
        with Service(workers=1) as service:
            pid = int(service.get("/pid")[1].split()[0])
            ask_to_die(service, path)
            milliseconds = time_to_answer(service, pid)
            then(service)
        quickest = milliseconds if quickest is None else min(quickest, milliseconds)
        if quickest < 100:
            break
    return quickest


@test
def threat_108_crashed_worker_is_replaced_within_100_ms():
    def is_reported(service):
        wait_for(lambda: service.logged("crashed"), 2, "crash report")

    milliseconds = quickest_replacement("/crash", is_reported)
    check(milliseconds < 100, f"took {milliseconds:.0f} ms")


@test
def threat_108_worker_that_exits_is_replaced_within_100_ms():
    milliseconds = quickest_replacement("/exit", lambda service: None)
    check(milliseconds < 100, f"took {milliseconds:.0f} ms")


@test
def threat_108_connections_waiting_in_the_queue_survive_a_crash():
    with Service(workers=1) as service:
        worker = service.worker_pids()[0]
        service.get("/pid")
        os.kill(worker, signal.SIGSTOP)
        waiting = [Connection(service) for _ in range(8)]
        for connection in waiting:
            connection.send("/")
        os.kill(worker, signal.SIGKILL)
        for connection in waiting:
            check(connection.receive()[:2] == (200, "hello"), "an answer from the successor")


@test
def a_respawned_worker_keeps_its_number():
    with Service(workers=3) as service:
        pid, number = service.get("/pid")[1].split()
        os.kill(int(pid), signal.SIGKILL)
        wait_for(lambda: not is_alive(int(pid)), 2, "death")
        def successor():
            other, index = service.get("/pid")[1].split()
            return other != pid and index == number
        wait_for(successor, 5, "a new worker of the same number")


@test
def threat_114_taken_port_is_refused_with_one_line():
    with Service() as first, Service(port=first.port, wait=False) as second:
        check(second.wait() == 1, "exit code 1")
        check(second.lines == [f"cannot listen on http://127.0.0.1:{first.port}: address already in use; "
                               "choose another port"], f"one clear line, not {second.lines}")
        check(first.get("/")[0] == 200, "the first goes on")


@test
def host_that_is_not_here_is_refused_with_one_line():
    with Service(wait=False, host="203.0.113.1") as service:
        check(service.wait() == 1, "exit code 1")
        check(len(service.lines) == 1 and "no such address" in service.lines[0], f"{service.lines}")


@test
def threat_114_stale_unix_socket_is_replaced():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        with Service(host=f"unix:{path}") as service:
            service.signal(signal.SIGKILL)
            service.wait()
            check(os.path.exists(path), "the killed master leaves its file")
        with Service(host=f"unix:{path}") as service:
            check(service.get("/")[:2] == (200, "hello"), "an answer")
            service.signal(signal.SIGTERM)
            check(service.wait() == 0, "exit code 0")
            check(not os.path.exists(path), "the file is gone after a clean end")


@test
def threat_114_live_unix_socket_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        with Service(host=f"unix:{path}") as first, Service(host=f"unix:{path}", wait=False) as second:
            check(second.wait() == 1, "exit code 1")
            check(len(second.lines) == 1 and "another process listens" in second.lines[0], f"{second.lines}")
            check(first.get("/")[0] == 200, "the first goes on")


@test
def threat_114_file_that_is_not_a_socket_is_left_alone():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "precious")
        with open(path, "w", encoding="ascii") as file:
            file.write("kept")
        with Service(host=f"unix:{path}", wait=False) as service:
            check(service.wait() == 1, "exit code 1")
        with open(path, encoding="ascii") as file:
            check(file.read() == "kept", "the file is untouched")


@test
def threat_114_workers_leave_within_1_s_of_a_killed_master():
    with Service(workers=3) as service:
        wait_for(lambda: len(service.worker_pids()) == 3, 5, "3 workers")
        workers = service.worker_pids()
        service.signal(signal.SIGKILL)
        wait_for(lambda: not any(is_alive(pid) for pid in workers), 1, "workers are gone")
        with Service(port=service.port) as again:
            check(again.get("/")[0] == 200, "a restart on the same port is clean")


@test
def connections_are_spread_evenly_over_workers():
    with Service(workers=4) as service:
        wait_for(lambda: len({service.get("/pid")[1] for _ in range(64)}) == 4, 5, "4 workers answer")
        connections = [Connection(service) for _ in range(32)]
        held = {}
        for connection in connections:
            pid = connection.get("/pid")[1]
            held[pid] = held.get(pid, 0) + 1
        check(max(held.values()) <= 12, f"more than 1.5 times the mean: {held}")
        check(len(held) == 4, f"{held}")


@test
def connections_that_come_at_once_are_spread_evenly():
    with Service(workers=4) as service:
        wait_for(lambda: len({service.get("/pid")[1] for _ in range(64)}) == 4, 5, "4 workers answer")
        connections = []
        for _ in range(32):
            connection = Connection.__new__(Connection)
            connection.buffer = b""
            connection.socket = socket.socket()
            connection.socket.setblocking(False)
            connection.socket.connect_ex((service.host, service.port))
            connections.append(connection)
        for connection in connections:
            select.select([], [connection.socket], [], 5)
            connection.socket.settimeout(5)
            connection.send("/pid")
        held = {}
        for connection in connections:
            pid = connection.receive()[1]
            held[pid] = held.get(pid, 0) + 1
        check(max(held.values()) <= 12, f"more than 1.5 times the mean: {held}")


@test
def a_stuck_worker_gets_no_connections_of_others():
    with Service(workers=2) as service:
        wait_for(lambda: len({service.get("/pid")[1] for _ in range(16)}) == 2, 5, "2 workers answer")
        stuck = Connection(service)
        stuck.send("/hang")
        time.sleep(0.3)  # longer than BOARD_STUCK_MS: the others must have noticed
        answered = 0
        for _ in range(12):
            try:
                answered += service.get("/", timeout=0.3)[0] == 200
            except OSError:
                pass  # the kernel queued it with the hanging worker
        check(answered > 0, "the free worker answers")


@test
def threat_116_reload_under_load_loses_no_answer():
    with Service(workers=2) as service:
        stream = Stream(service)
        wait_for(lambda: len(stream.pids) == 2 or stream.answers > 200, 5, "answers")
        for _ in range(3):
            known = stream.pids | set(service.worker_pids())
            service.signal(signal.SIGHUP)
            stream.new_pid(known)
        stream.end()
        wait_for(lambda: service.count_logged('"reloaded"') >= 3, 5, "three reloads")
        wait_for(lambda: len(service.worker_pids()) == 2, 5, "the old generations are gone")


@test
def threat_116_two_reloads_at_once_lose_no_answer():
    with Service(workers=2) as service:
        stream = Stream(service)
        wait_for(lambda: stream.answers > 50, 5, "answers")
        known = stream.pids | set(service.worker_pids())
        for _ in range(10):
            service.signal(signal.SIGHUP)
            time.sleep(0.002)
        stream.new_pid(known)
        wait_for(lambda: len(service.worker_pids()) == 2, 10, "one generation is left")
        stream.end()
        check(service.process.poll() is None, "the master is there")


@test
def threat_116_slow_request_is_answered_across_a_reload():
    with Service(workers=1) as service:
        slow = Connection(service)
        slow.send("/slow")
        time.sleep(0.05)
        service.signal(signal.SIGHUP)
        check(slow.receive()[:2] == (200, "slow"), "the old worker's answer")
        pid = slow.get("/pid")[1]
        check(int(pid.split()[0]) == service.worker_pids()[0] or len(service.worker_pids()) > 1, "handed over")


@test
def threat_116_drain_of_a_reload_is_bounded():
    with Service(workers=1, drain_ms=300, watchdog_ms=0) as service:
        old = service.worker_pids()[0]
        stalled = Connection(service)
        stalled.get("/")
        stalled.socket.sendall(b"GET /never-finished HTTP/1.1\r\n")
        time.sleep(0.05)
        begin = time.monotonic()
        service.signal(signal.SIGHUP)
        wait_for(lambda: not is_alive(old), 3, "the old worker leaves")
        check(time.monotonic() - begin < 2, "in bounded time")
        check(service.get("/")[0] == 200, "the new one serves")


@test
def threat_116_generation_that_does_not_start_leaves_the_old_one():
    with tempfile.TemporaryDirectory() as folder:
        fail = os.path.join(folder, "fail")
        with Service(workers=2, fail=fail) as service:
            wait_for(lambda: len({service.get("/pid")[1] for _ in range(16)}) == 2, 5, "2 workers answer")
            before = sorted(service.worker_pids())
            open(fail, "w", encoding="ascii").close()
            service.signal(signal.SIGHUP)
            wait_for(lambda: service.logged("new generation does not start"), 5, "log line")
            wait_for(lambda: sorted(service.worker_pids()) == before, 5, "only the old workers are left")
            check(service.get("/")[0] == 200, "the old ones serve")
            os.unlink(fail)
            service.signal(signal.SIGHUP)
            wait_for(lambda: service.logged('"reloaded"'), 5, "the next reload works")
            check(service.get("/")[0] == 200, "the new ones serve")


@test
def threat_116_upgrade_under_load_loses_no_answer():
    with Service(workers=2) as service:
        stream = Stream(service)
        wait_for(lambda: stream.answers > 50, 5, "answers")
        for _ in range(2):
            known = set(stream.pids)
            service.signal(signal.SIGUSR2)
            stream.new_pid(known)
            wait_for(lambda: len(service.worker_pids()) == 2, 10, "the old workers are gone")
        stream.end()
        wait_for(lambda: service.count_logged("listening on") == 3, 5, "the new program says that it listens")
        service.signal(signal.SIGTERM)
        check(service.wait() == 0, "the new program ends cleanly, with the same process id")


@test
def threat_116_two_upgrades_and_reloads_at_once_lose_no_answer():
    with Service(workers=2) as service:
        stream = Stream(service)
        wait_for(lambda: stream.answers > 50, 5, "answers")
        known = set(stream.pids)
        for number in (signal.SIGUSR2, signal.SIGHUP, signal.SIGUSR2, signal.SIGUSR2, signal.SIGHUP):
            service.signal(number)
            time.sleep(0.01)
        stream.new_pid(known)
        wait_for(lambda: service.count_logged("listening on") >= 2, 10, "the new program is there")
        wait_for(lambda: len(service.worker_pids()) == 2, 10, "one generation is left")
        stream.end()


@test
def threat_116_new_program_that_fails_its_check_is_not_started():
    with tempfile.TemporaryDirectory() as folder:
        bad = os.path.join(folder, "bad")
        open(bad, "w", encoding="ascii").close()
        with Service(workers=1, bad_check=bad) as service:
            worker = service.worker_pids()
            service.signal(signal.SIGUSR2)
            wait_for(lambda: service.logged("--check failed"), 10, "log line")
            check(service.worker_pids() == worker, "the old worker is there")
            check(service.get("/")[0] == 200, "and serves")
            os.unlink(bad)
            service.signal(signal.SIGUSR2)
            wait_for(lambda: service.count_logged("listening on") == 2, 10, "the next upgrade works")


@test
def threat_116_new_program_that_does_not_start_leaves_the_old_workers():
    with tempfile.TemporaryDirectory() as folder:
        fail = os.path.join(folder, "fail")
        with Service(workers=1, fail=fail) as service:
            check(service.get("/")[0] == 200, "an answer")
            open(fail, "w", encoding="ascii").close()
            stream = Stream(service, clients=1)
            wait_for(lambda: stream.answers > 5, 5, "answers")
            service.signal(signal.SIGUSR2)
            wait_for(lambda: service.count_logged("did not start") >= 3, 10, "tries")
            before = stream.answers
            wait_for(lambda: stream.answers > before + 5, 5, "the old worker goes on")
            known = set(stream.pids)
            os.unlink(fail)
            stream.new_pid(known)
            stream.end()


@test
def term_answers_requests_in_progress_and_ends_with_0():
    with Service(workers=2) as service:
        slow = Connection(service)
        slow.send("/slow")
        idle = Connection(service)
        idle.get("/")
        time.sleep(0.05)
        service.signal(signal.SIGTERM)
        status, body, closes = slow.receive()
        check((status, body, closes) == (200, "slow", True), "the slow answer says Connection: close")
        check(service.wait() == 0, "exit code 0")
        check(idle.socket.recv(1) == b"", "the idle connection is closed")


@test
def term_answers_connections_that_wait_in_the_queue():
    with Service(workers=1) as service:
        worker = service.worker_pids()[0]
        service.get("/pid")
        os.kill(worker, signal.SIGSTOP)
        waiting = [Connection(service) for _ in range(8)]
        for connection in waiting:
            connection.send("/")
        service.signal(signal.SIGTERM)
        os.kill(worker, signal.SIGCONT)
        for connection in waiting:
            check(connection.receive()[0] == 200, "answered, not reset")
        check(service.wait() == 0, "exit code 0")


@test
def term_gives_up_at_the_drain_deadline():
    with Service(workers=1, drain_ms=300) as service:
        stalled = Connection(service)
        stalled.get("/")
        stalled.socket.sendall(b"GET /never-finished HTTP/1.1\r\n")
        time.sleep(0.05)
        begin = time.monotonic()
        service.signal(signal.SIGTERM)
        service.wait()
        check(0.25 < time.monotonic() - begin < 3, "at the deadline")


@test
def second_interrupt_ends_at_once():
    with Service(workers=1, drain_ms=20000) as service:
        stalled = Connection(service)
        stalled.get("/")
        stalled.socket.sendall(b"GET /never-finished HTTP/1.1\r\n")
        time.sleep(0.05)
        service.signal(signal.SIGINT)
        wait_for(lambda: service.logged("stopping"), 2, "log line")
        service.signal(signal.SIGINT)
        check(service.wait(3) == 1, "exit code 1")


@test
def threat_110_hanging_worker_is_killed_and_replaced():
    with Service(workers=1, watchdog_ms=500) as service:
        pid = int(service.get("/pid")[1].split()[0])
        begin = time.monotonic()
        ask_to_die(service, "/hang")
        check(0.4 < time.monotonic() - begin < 3, "after the watchdog's time")
        check(time_to_answer(service, pid) < 500, "a new worker answers")
        service.wait_logged("worker hangs")
        check(service.get("/totals")[1] == "restarts=1 hangs=1 serving=1 connections=1", "it is counted")
        wait_for(lambda: service.logged("crashed"), 2, "backtrace of the place that hangs")


@test
def watchdog_leaves_idle_and_stopped_services_alone():
    with Service(workers=1, watchdog_ms=300) as service:
        worker = service.worker_pids()[0]
        service.get("/")
        time.sleep(1)
        os.kill(service.pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(service.pid, signal.SIGCONT)
        check(service.get("/")[0] == 200, "an answer")
        check(service.worker_pids() == [worker], "the same worker")


@test
def threat_109_crash_loop_is_answered_with_503_until_a_worker_stays():
    with tempfile.TemporaryDirectory() as folder:
        fail = os.path.join(folder, "fail")
        open(fail, "w", encoding="ascii").close()
        with Service(workers=2, fail=fail) as service:
            wait_for(lambda: service.logged("no worker stays up"), 10, "log line")
            connection = Connection(service)
            status, body, _ = connection.get("/")
            check(status == 503, f"status {status}")
            check("application/problem+json" in connection.head and "Retry-After: " in connection.head,
                  connection.head)
            check('"status":503' in body and "does not start" in body, body)
            service.wait_logged("did not start")
            check(service.count_logged("did not start") < 40, "with a backoff")
            os.unlink(fail)
            def recovered():
                try:
                    return service.get("/")[0] == 200
                except OSError:
                    return False
            wait_for(recovered, 15, "recovery")
            wait_for(lambda: service.logged("stays up again"), 15, "log line")
            # The last connections that the fallback accepted still get its answer.
            wait_for(lambda: all(service.get("/")[0] == 200 for _ in range(20)), 15, "an end of the 503s")


@test
def threat_109_poison_requests_do_not_stop_the_service():
    with Service(workers=2) as service:
        for _ in range(6):
            try:
                service.get("/crash", timeout=6)
            except OSError:
                pass
        def recovered():
            try:
                return service.get("/")[0] == 200
            except OSError:
                return False
        wait_for(recovered, 15, "an answer after the poison")


@test
def threat_109_connections_of_a_worker_that_keeps_dying_are_served_by_another():
    with tempfile.TemporaryDirectory() as folder:
        fail = os.path.join(folder, "fail")
        open(fail, "w", encoding="ascii").close()
        with Service(workers=2, fail=fail, fail_index=1) as service:
            wait_for(lambda: service.count_logged("did not start") >= 4, 10, "a few deaths")
            for _ in range(32):
                check(service.get("/pid", timeout=0.3)[1].endswith(" 0"), "an answer of the other worker")
            os.unlink(fail)
            wait_for(lambda: service.get("/pid")[1].endswith(" 1"), 10, "the worker is back")
            connections = [Connection(service) for _ in range(8)]
            numbers = [connection.get("/pid")[1][-1] for connection in connections]
            check(numbers.count("0") == 4 and numbers.count("1") == 4, f"both serve: {numbers}")


@test
def threat_110_connections_of_a_hanging_worker_are_served_by_another():
    with Service(workers=2, watchdog_ms=3000) as service:
        stuck = Connection(service)
        stuck.send("/hang")
        time.sleep(1.6)  # MASTER_STUCK_MS and a tick of the watchdog
        for _ in range(32):
            check(service.get("/", timeout=0.3)[0] == 200, "an answer of the other worker")
        check(not service.logged("worker hangs"), "before the watchdog acts")


@test
def threat_058_no_descriptors_left_is_answered_and_recovers():
    with Service(workers=1, limit_files=64) as service:
        worker = service.worker_pids()[0]
        check(service.get("/")[0] == 200, "an answer")
        connections = [Connection(service) for _ in range(80)]
        statuses = {}
        for connection in connections:
            try:
                status = connection.get("/")[0]
            except OSError:
                status = 0
            statuses[status] = statuses.get(status, 0) + 1
        check(statuses.get(200, 0) >= 20, f"those that fit are served: {statuses}")
        check(statuses.get(503, 0) >= 1, f"others are told: {statuses}")
        with open(f"/proc/{worker}/stat", encoding="ascii") as file:
            used = sum(int(n) for n in file.read().rsplit(")", 1)[1].split()[11:13])
        time.sleep(0.5)
        with open(f"/proc/{worker}/stat", encoding="ascii") as file:
            used = sum(int(n) for n in file.read().rsplit(")", 1)[1].split()[11:13]) - used
        check(used <= 5, f"accept does not spin: {used} ticks of 50")
        check(1 <= service.count_logged("out of file descriptors") <= 5, "at most a line a second")
        for connection in connections:
            connection.close()
        wait_for(lambda: service.get("/")[0] == 200, 5, "recovery")


@test
def accept_pauses_at_max_connections_and_resumes():
    with Service(workers=1, max_connections=4) as service:
        held = [Connection(service) for _ in range(4)]
        for connection in held:
            connection.get("/")
        waiting = Connection(service)
        waiting.send("/")
        check(not select.select([waiting.socket], [], [], 0.3)[0], "the fifth waits")
        held[0].close()
        check(waiting.receive()[0] == 200, "and is served once there is room")


@test
def threat_113_worker_above_its_memory_limit_is_replaced():
    with Service(workers=1, memory_limit=400 << 20) as service:
        old = service.worker_pids()[0]
        kept = Connection(service)
        kept.get("/pid")
        for _ in range(14):
            check(service.get("/leak")[0] == 200, "an answer")
        wait_for(lambda: service.logged("above its memory limit"), 10, "log line")
        wait_for(lambda: not is_alive(old), 10, "the old worker leaves")
        status, body, _ = kept.get("/pid")
        check(status == 200 and int(body.split()[0]) != old, "its idle connection lives on with the new one")


@test
def without_workers_one_process_serves_and_drains():
    with Service(workers=0) as service:
        pid, number = service.get("/pid")[1].split()
        check(int(pid) == service.pid and number == "0", "the process itself answers")
        slow = Connection(service)
        slow.send("/slow")
        time.sleep(0.05)
        service.signal(signal.SIGINT)
        check(slow.receive()[:2] == (200, "slow"), "the slow answer")
        check(service.wait() == 0, "exit code 0")


@test
def ipv6_and_names_are_listened_on():
    with Service(workers=1, host="localhost") as service:
        check(service.get("/")[0] == 200, "an answer by name")
    if not os.path.exists("/proc/net/if_inet6") or not socket.has_ipv6:
        return
    try:
        probe = socket.socket(socket.AF_INET6)
        probe.bind(("::1", 0))
        probe.close()
    except OSError:
        return
    with Service(workers=2, host="::1") as service:
        check(service.get("/")[0] == 200, "an answer over IPv6")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("echo_service",)))
