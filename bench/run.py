"""The benchmark: Tern's examples/hello beside the floor, in turns, under the same load. scripts/bench starts it."""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time

import measure
import report

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build/release")
RESULTS = os.path.join(ROOT, "bench/results")

# What is measured, the yardstick first: name -> program. All take --port and --workers.
SERVERS = {
    "floor": os.path.join(BUILD, "bench/floor"),
    "tern": os.path.join(BUILD, "examples/hello"),
}


def modes(cores):
    """name -> what it is, workers, the server's cores, wrk's cores, wrk's threads, pipelining depth."""
    one, other = ("0", "1") if cores > 1 else ("", "")
    both = "0,1" if cores > 1 else ""
    return {
        "one": {"title": "one worker on a core of its own, wrk on another",
                "workers": 1, "server_cores": one, "wrk_cores": other, "threads": 1, "depth": 1},
        "two": {"title": "two workers and wrk share two cores",
                "workers": 2, "server_cores": both, "wrk_cores": both, "threads": 2, "depth": 1},
        "pipelined": {"title": "one worker on a core of its own, 16 requests in each packet",
                      "workers": 1, "server_cores": one, "wrk_cores": other, "threads": 1, "depth": 16},
    }


def flags():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, usage="scripts/bench [flags]")

    def fail(message):
        print(f"bench: {message} (scripts/bench --help)", file=sys.stderr)
        sys.exit(2)

    def number(least, most):
        def parse(text):
            if not text.isdigit() or not least <= int(text) <= most:
                raise argparse.ArgumentTypeError(f"a number from {least} to {most} is wanted, not '{text}'")
            return int(text)
        return parse

    parser.error = fail
    parser.add_argument("--duration", type=number(1, 600), default=5, metavar="S", help="seconds of each run (5)")
    parser.add_argument("--rounds", type=number(1, 100), default=5, metavar="N", help="rounds, each with every server (5)")
    parser.add_argument("--connections", type=number(1, 20000), default=1000, metavar="C", help="of wrk (1000)")
    parser.add_argument("--idle", type=number(100, 60000), default=10000, metavar="C",
                        help="idle connections whose memory is measured (10000)")
    parser.add_argument("--port", type=number(1, 65535), help="a fixed port in place of any free one")
    parser.add_argument("--quick", action="store_true", help="one round of one second: whether it works, not how fast")
    args = parser.parse_args()
    if args.quick:
        args.duration, args.rounds, args.idle = 1, 1, min(args.idle, 1000)
    return args


def say(text):
    print(f"bench: {text}", flush=True)


def must(command, what):
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write("\n".join(done.stdout.splitlines()[-30:]) + "\n")
        raise measure.Failed(f"{what} failed")


def prepare():
    if subprocess.run([os.path.join(ROOT, "scripts/setup"), "bench"], check=False).returncode != 0:
        sys.exit(1)
    say("building release")
    must(["cmake", "--preset", "release"], "configuring")
    must(["cmake", "--build", "build/release", "--target", "floor", "example_hello"], "the build")


def first_line(command):
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.splitlines()[0].strip() if done.stdout else ""
    except OSError:
        return ""


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return {
        "processor": model.group(1) if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release().split("-")[0],
        "compiler": first_line(["gcc", "--version"]),
        "wrk": first_line(["wrk", "--version"]).split(" Copyright")[0],
        "commit": first_line(["git", "rev-parse", "--short", "HEAD"]),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def start(name, workers, cores, args):
    port = args.port or measure.free_port()
    command = [SERVERS[name], "--port", str(port), "--workers", str(workers)]
    return measure.Server(name, command, port, cores)


def same_reply(args):
    """All servers must send the same bytes, the date aside; otherwise they do not do the same work."""
    replies = {}
    for name in SERVERS:
        with start(name, 1, "", args) as server:
            replies[name] = re.sub(rb"Date: [^\r]*", b"Date: *", measure.ask(server.port))
    if len(set(replies.values())) != 1:
        shown = "; ".join(f"{name}: {reply!r}" for name, reply in replies.items())
        raise measure.Failed(f"the servers do not send the same reply: {shown}")
    return len(with_date(next(iter(replies.values()))))


def with_date(reply):
    """The reply with a date of its real length."""
    return reply.replace(b"Date: *", b"Date: " + b"x" * 29)


def run_modes(args, cores):
    """mode -> server -> list of runs, one a round; the order of the servers turns round each time."""
    table = modes(cores)
    runs = {mode: {name: [] for name in SERVERS} for mode in table}
    for number in range(args.rounds):
        names = list(SERVERS) if number % 2 == 0 else list(reversed(SERVERS))
        for mode, how in table.items():
            for name in names:
                with start(name, how["workers"], how["server_cores"], args) as server:
                    idle_kib = server.memory_kib("Pss")
                    measure.load(server, args.connections, how["threads"], 1, how["depth"], how["wrk_cores"])
                    run = measure.load(server, args.connections, how["threads"], args.duration, how["depth"],
                                       how["wrk_cores"])
                    run["pss_idle_kib"], run["start_ms"] = idle_kib, server.start_ms
                runs[mode][name].append(run)
                say(f"round {number + 1}/{args.rounds}  {mode:9}  {name:6} {run['requests_per_second']:9.0f} requests/s"
                    f"  {run['cpu_us_per_request']:5.2f} us of CPU a request")
    return table, runs


def run_idle(args, cores):
    """server -> private bytes for each idle connection."""
    found = {}
    pinned = "0" if cores > 1 else ""
    for name in SERVERS:
        with start(name, 1, pinned, args) as server:
            found[name] = measure.idle_connection_bytes(server, args.idle)
        say(f"idle      {name:6} {found[name]:9.0f} bytes of private memory a connection")
    return found


def main():
    args = flags()
    try:
        if args.port:
            measure.must_be_free(args.port)
        prepare()
        if measure.raise_file_limit() < args.idle + 100:
            raise measure.Failed(f"{args.idle} idle connections need a higher limit of open files (ulimit -n)")
        cores = len(os.sched_getaffinity(0))
        reply_bytes = same_reply(args)
        table, runs = run_modes(args, cores)
        result = {
            "machine": machine(),
            "settings": {"duration_s": args.duration, "rounds": args.rounds, "connections": args.connections,
                         "idle_connections": args.idle, "reply_bytes": reply_bytes},
            "modes": {mode: {"title": how["title"], "depth": how["depth"]} for mode, how in table.items()},
            "runs": runs,
            "idle_bytes": run_idle(args, cores),
            "stripped_bytes": {name: measure.stripped_bytes(program) for name, program in SERVERS.items()},
        }
    except measure.Failed as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return 130
    os.makedirs(RESULTS, exist_ok=True)
    for suffix, text in (("json", json.dumps(result, indent=1) + "\n"), ("md", report.markdown(result)),
                         ("svg", report.picture(result))):
        with open(os.path.join(RESULTS, f"core.{suffix}"), "w", encoding="utf-8") as file:
            file.write(text)
    print(report.markdown(result))
    say("wrote bench/results/core.json, core.md and core.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
