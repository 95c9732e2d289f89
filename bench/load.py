"""Load: as much as a server handles (wrk, h2load, bench/handshakes), a constant rate (bench/rate), idle connections."""

import json
import os
import re
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import machine
import wire
from console import Failed

HERE = os.path.dirname(os.path.abspath(__file__))
RATE = os.path.join(machine.ROOT, "build/release/bench/rate")
HANDSHAKES = os.path.join(machine.ROOT, "build/release/bench/handshakes")
CIPHER_SUITE = "TLS_AES_128_GCM_SHA256"  # offered alone, so that all servers do the same
FULL, NOT_FULL = 0.95, 0.85  # the shares of a core: the load's cores were full while the server's had room
BEGINS, ENDS = "Main benchmark duration is started", "Main benchmark duration is over"  # in the output of h2load
IDLE_AN_ADDRESS, IDLE_AT_ONCE = 5000, 16


def pinned(command, cores):
    return ["taskset", "-c", ",".join(map(str, cores)), *command] if cores else command


def body_file(case, folder):
    path = os.path.join(folder, f"{case.group}.body")
    with open(path, "wb") as file:
        file.write(case.body)
    return path


class Marks(threading.Thread):
    """Reads a load generator's output, and the server's processor time where the measured part begins and ends, if the
    generator says so."""

    def __init__(self, server, stream):
        super().__init__(daemon=True)
        self.server, self.stream, self.output, self.found = server, stream, "", {}
        self.start()

    def run(self):
        for line in self.stream:
            self.output += line
            for mark in (BEGINS, ENDS):
                if line.startswith(mark):
                    self.found.setdefault(mark, self.server.cpu_seconds())

    def cpu_s(self):
        """None without both marks."""
        return self.found[ENDS] - self.found[BEGINS] if len(self.found) == 2 else None


def watched(server, command, seconds, how, middle=None):
    """Runs a load generator; returns its output, and the measurements during the run. `middle`: when memory is read, in
    seconds."""
    cpu, ticks, started = server.cpu_seconds(), machine.busy_ticks(), time.monotonic()
    process = subprocess.Popen(pinned(command, how["load"]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    marks = Marks(server, process.stdout)
    try:
        time.sleep(middle or seconds / 2)
        pss_kib = server.memory_kib("Pss")
        process.wait(timeout=seconds + 60)
        marks.join()
    except subprocess.TimeoutExpired:
        raise Failed("the load generator did not come to an end") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    after = machine.busy_ticks()
    if server.process.poll() is not None:
        raise Failed(f"ended under load (exit {server.process.returncode}){server.last_words()}")
    marked = marks.cpu_s()
    return process.returncode, marks.output, {
        "cpu_s": server.cpu_seconds() - cpu if marked is None else marked,
        "elapsed_s": time.monotonic() - started,
        "pss_load_kib": pss_kib,
        "server_busy": machine.busy_share(ticks, after, how["server"]),
        "load_busy": machine.busy_share(ticks, after, how["load"]),
    }


def was_the_load_slower(how, seen):
    """Whether the load generator's cores were full while the server's had room; shared cores cannot tell."""
    if how["server"] == how["load"] or seen["load_busy"] is None or seen["server_busy"] is None:
        return False
    return seen["load_busy"] >= FULL and seen["server_busy"] <= NOT_FULL


def last_line(output, status):
    lines = output.strip().splitlines()
    return lines[-1][:200] if lines else f"exit {status}"


def threads_of(how, connections):
    return min(len(how["load"]), connections)


def wrk(server, case, connections, seconds, depth, how):
    command = ["wrk", f"-t{threads_of(how, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
               *(["-H", case.header] if case.header else []), "-s", os.path.join(HERE, "load.lua"), f"http://127.0.0.1:{server.port}{case.path}", "--", str(depth)]
    if case.body:
        command += [case.method, case.body_type, body_file(case, os.path.dirname(server.log))]
    return command


def read_wrk(output, _case):
    line = next((line for line in output.splitlines() if line.startswith("RESULT ")), None)
    return line and json.loads(line[len("RESULT "):])


def seconds_to_connect(connections):
    """Enough for that many handshakes, on a busy machine too. h2load makes them before the measured part."""
    return 3 + connections // 200


def h2load(server, case, connections, seconds, _depth, how):
    """HTTP/2; over TLS also HTTP/1.1, since wrk would count a thousand handshakes with the requests."""
    scheme = "https" if case.secure else "http"
    return ["h2load", f"-t{threads_of(how, connections)}", f"-c{connections}", f"-m{case.streams}", f"-D{seconds}",
            f"--warm-up-time={seconds_to_connect(connections)}",
            f"--tls13-ciphers={CIPHER_SUITE}",
            *(["--h1"] if case.protocol == "http/1.1" else []), f"{scheme}://127.0.0.1:{server.port}{case.path}"]


TIME_UNITS = {"us": 1, "ms": 1000, "s": 1000000}


SPOKEN = {"http/1.1": ("http/1.1",), "h2": ("h2", "h2c")}


def read_h2load(output, case):
    """Its report, with the names of wrk's; percentiles are not in it."""
    rate = re.search(r"^finished in \S+, ([0-9.]+) req/s", output, re.MULTILINE)
    counts = re.search(r"^requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, "
                       r"(\d+) timeout", output, re.MULTILINE)
    statuses = re.search(r"^status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output, re.MULTILINE)
    times = re.search(r"^time for request: +\S+ +([0-9.]+)(us|ms|s) +([0-9.]+)(us|ms|s)", output, re.MULTILINE)
    spoken = re.search(r"^Application protocol: (\S+)", output, re.MULTILINE)
    if None in (rate, counts, statuses, times, spoken):
        return None
    if spoken.group(1) not in SPOKEN[case.protocol]:
        raise Failed(f"h2load was answered in {spoken.group(1)}, not in {case.protocol}")
    done, succeeded, _, errored, late = map(int, counts.groups())
    return {"requests": done, "duration_us": round(done / max(float(rate.group(1)), 1e-9) * 1e6),  # without warming up
            "avg_us": float(times.group(3)) * TIME_UNITS[times.group(4)],
            "max_us": round(float(times.group(1)) * TIME_UNITS[times.group(2)]), "socket_errors": errored,
            "status_errors": max(done - succeeded, sum(map(int, statuses.groups()))), "timeouts": late}


def handshakes(server, case, connections, seconds, _depth, how):
    return [HANDSHAKES, "--port", str(server.port), "--connections", str(connections), "--duration", str(seconds),
            "--threads", str(threads_of(how, connections)), "--resumed", "yes" if case.resumes else "no"]


def read_handshakes(output, _case):
    """`status_errors` are handshakes that were refused, or not resumed."""
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    return line and json.loads(line)


GENERATORS = {"wrk": (wrk, read_wrk), "h2load": (h2load, read_h2load), "handshakes": (handshakes, read_handshakes)}


def warm_up(server, case, connections, seconds, depth, how):
    """The same load, without recording results; h2load warms up by itself."""
    if case.load == "h2load":
        return
    command, _ = GENERATORS[case.load]
    watched(server, command(server, case, connections, seconds, depth, how), seconds, how)


def most(server, case, connections, seconds, depth, how):
    """Closed loop: a request in flight on every connection, as fast as the server answers."""
    command, read = GENERATORS[case.load]
    middle = seconds / 2 + (seconds_to_connect(connections) if case.load == "h2load" else 0)
    status, output, seen = watched(server, command(server, case, connections, seconds, depth, how), seconds, how, middle)
    result = read(output, case) if status == 0 else None
    if result is None:
        raise Failed(f"{case.load} failed: {last_line(output, status)}")
    if result["requests"] == 0:
        raise Failed("answered no request under load")
    if result["status_errors"]:
        raise Failed(f"answered {result['status_errors']} of {result['requests']} requests with an error under load")
    result["requests_per_second"] = result["requests"] / (result["duration_us"] / 1e6)
    result["cpu_us_per_request"] = seen.pop("cpu_s") * 1e6 / result["requests"]
    result["load_was_slower"] = was_the_load_slower(how, seen)
    result.update(seen)
    return result


def steady(server, case, connections, rate, seconds, how):
    """Open loop: a constant number of requests per second, independent of the server, timed from when each was due."""
    command = [RATE, "--port", str(server.port), "--path", case.path, "--method", case.method,
               "--connections", str(connections), "--rate", str(rate), "--duration", str(seconds), "--warm-up", "1"]
    if case.body:
        command += ["--type", case.body_type, "--body", body_file(case, os.path.dirname(server.log))]
    status, output, seen = watched(server, command, seconds + 1, how)
    if status != 0:
        raise Failed(f"at {rate} requests/s: {last_line(output, status)}")
    result = json.loads(output)
    if result["status_errors"]:
        raise Failed(f"answered {result['status_errors']} requests with an error at {rate} requests/s")
    result["load_was_slower"] = was_the_load_slower(how, seen)
    result.update(seen)
    return result


def open_idle(server, index, count, context):
    """A keep-alive connection after one answered request."""
    client = socket.socket()
    client.settimeout(20)
    # A source address for each 5,000, so that no address runs out of ports; no TIME_WAIT is left behind.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    try:
        client.bind((f"127.0.0.{2 + index // IDLE_AN_ADDRESS}", 0))
        client.connect(("127.0.0.1", server.port))
        if context is not None:
            client = wire.secured(client, context)
        client.sendall(wire.request("GET", "/"))
        if not client.recv(65536):
            raise Failed(f"idle connection {index + 1} of {count} was closed")
    except BaseException as reason:
        client.close()
        if isinstance(reason, (OSError, wire.WrongProtocol)):
            raise Failed(f"idle connection {index + 1} of {count}: {reason}") from None
        raise
    return client


def idle_connection_bytes(server, count):
    """Private user memory that `count` idle keep-alive connections cost."""
    before = server.memory_kib("Private_Clean", "Private_Dirty")
    context = wire.tls_context() if server.secure else None
    with ThreadPoolExecutor(IDLE_AT_ONCE) as pool:  # handshakes wait for the server most of the time
        opening = [pool.submit(open_idle, server, index, count, context) for index in range(count)]
        try:
            for one in opening:
                one.result()
            time.sleep(1)
            after = server.memory_kib("Private_Clean", "Private_Dirty")
        finally:
            for one in opening:
                one.cancel()
            for one in opening:
                if not one.cancelled() and one.exception() is None:
                    one.result().close()
    return (after - before) * 1024 / count
