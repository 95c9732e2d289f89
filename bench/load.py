"""Load: as much as a server handles (wrk), a constant rate (bench/rate), and idle connections."""

import json
import os
import socket
import subprocess
import time

import machine
import wire
from console import Failed

HERE = os.path.dirname(os.path.abspath(__file__))
RATE = os.path.join(machine.ROOT, "build/release/bench/rate")
FULL, NOT_FULL = 0.95, 0.85  # the shares of a core: the load's cores were full while the server's had room
IDLE_AN_ADDRESS = 5000


def pinned(command, cores):
    return ["taskset", "-c", ",".join(map(str, cores)), *command] if cores else command


def body_file(case, folder):
    path = os.path.join(folder, f"{case.group}.body")
    with open(path, "wb") as file:
        file.write(case.body)
    return path


def watched(server, command, seconds, how):
    """Runs a load generator; returns its output, and the measurements during the run."""
    cpu, ticks, started = server.cpu_seconds(), machine.busy_ticks(), time.monotonic()
    process = subprocess.Popen(pinned(command, how["load"]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        time.sleep(seconds / 2)
        pss_kib = server.memory_kib("Pss")
        output, _ = process.communicate(timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        raise Failed("the load generator did not come to an end") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    after = machine.busy_ticks()
    if server.process.poll() is not None:
        raise Failed(f"ended under load (exit {server.process.returncode}){server.last_words()}")
    return process.returncode, output, {
        "cpu_s": server.cpu_seconds() - cpu,
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


def wrk(server, case, connections, seconds, depth, how):
    threads = min(len(how["load"]), connections)
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
               "-s", os.path.join(HERE, "load.lua"), f"http://127.0.0.1:{server.port}{case.path}", "--", str(depth)]
    if case.body:
        command += [case.method, case.body_type, body_file(case, os.path.dirname(server.log))]
    return command


def warm_up(server, case, connections, seconds, depth, how):
    """The same load, without recording results."""
    watched(server, wrk(server, case, connections, seconds, depth, how), seconds, how)


def most(server, case, connections, seconds, depth, how):
    """Closed loop: a request in flight on every connection, as fast as the server answers."""
    status, output, seen = watched(server, wrk(server, case, connections, seconds, depth, how), seconds, how)
    line = next((line for line in output.splitlines() if line.startswith("RESULT ")), None)
    if status != 0 or line is None:
        raise Failed(f"wrk failed: {last_line(output, status)}")
    result = json.loads(line[len("RESULT "):])
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


def idle_connection_bytes(server, count):
    """Private memory that `count` idle keep-alive connections cost, each after one answered request."""
    before = server.memory_kib("Private_Clean", "Private_Dirty")
    clients = []
    try:
        for index in range(count):
            client = socket.socket()
            client.settimeout(20)
            # A source address for each 5,000, so that no address runs out of ports; no TIME_WAIT is left behind.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            client.bind((f"127.0.0.{2 + index // IDLE_AN_ADDRESS}", 0))
            client.connect(("127.0.0.1", server.port))
            client.sendall(wire.request("GET", "/"))
            clients.append(client)
            if not client.recv(65536):
                raise Failed(f"idle connection {index + 1} of {count} was closed")
        time.sleep(1)
        after = server.memory_kib("Private_Clean", "Private_Dirty")
    except OSError as reason:
        raise Failed(f"idle connection {len(clients) + 1} of {count}: {reason}") from None
    finally:
        for client in clients:
            client.close()
    return (after - before) * 1024 / count
