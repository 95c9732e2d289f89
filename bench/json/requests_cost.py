"""The cost of whole requests with JSON for the server, compared with the smallest possible request."""

import json
import os
import shutil
import subprocess

import measure
import run as core

PROGRAM = os.path.join(core.BUILD, "bench/json_requests")
HERE = os.path.dirname(os.path.abspath(__file__))

# name -> path and wrk's script
LOADS = {
    "GET /": ("/", os.path.join(os.path.dirname(HERE), "load.lua")),
    "POST /todos": ("/todos", os.path.join(HERE, "todos.lua")),
    "100 to-dos by tern_json_list": ("/todos", os.path.join(os.path.dirname(HERE), "load.lua")),
    "the same bytes by tern_bytes": ("/bytes", os.path.join(os.path.dirname(HERE), "load.lua")),
}


def load(server, path, script, args, seconds, cores):
    command = ["wrk", "-t1", f"-c{args.connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script,
               f"http://127.0.0.1:{server.port}{path}"]
    pinned = ["taskset", "-c", cores, *command] if cores else command
    before = server.cpu_seconds()
    done = subprocess.run(pinned, cwd=core.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    spent = server.cpu_seconds() - before
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        raise measure.Failed(f"wrk failed: {done.stdout.strip()[-200:]}")
    result = json.loads(line[len("RESULT "):])
    if result["requests"] == 0 or result["status_errors"]:
        raise measure.Failed(f"{path}: {result['requests']} requests, {result['status_errors']} of them refused")
    return {"cpu_us_per_request": spent * 1e6 / result["requests"],
            "requests_per_second": result["requests"] / (result["duration_us"] / 1e6),
            "bytes": result["bytes"] / result["requests"]}


def measure_all(args):
    """load -> list of runs, one for each round; none without wrk."""
    if shutil.which("wrk") is None:
        core.say("skipped the figures of whole requests: there is no wrk")
        return {}
    several = len(os.sched_getaffinity(0)) > 1
    runs = {name: [] for name in LOADS}
    for number in range(args.rounds):
        names = list(LOADS) if number % 2 == 0 else list(reversed(LOADS))
        for name in names:
            path, script = LOADS[name]
            port = measure.free_port()
            command = [PROGRAM, "--port", str(port), "--workers", "1"]
            with measure.Server(name, command, port, "0" if several else "") as server:
                load(server, path, script, args, 1, "1" if several else "")
                runs[name].append(load(server, path, script, args, args.duration, "1" if several else ""))
        core.say(f"round {number + 1}/{args.rounds} of whole requests done")
    return runs
