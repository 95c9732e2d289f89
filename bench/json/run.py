"""JSON into structs and out of them: Tern, simdjson, Go and Python, in turns. scripts/bench-json starts it."""

import argparse
import glob
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import measure  # noqa: E402
import requests_cost  # noqa: E402
import run as core  # noqa: E402
import table  # noqa: E402

ROOT = core.ROOT
HERE = os.path.join(ROOT, "bench/json")
BUILD = os.path.join(ROOT, "build/json")
DOCUMENTS = os.path.join(BUILD, "documents")
TERN = os.path.join(ROOT, "build/release/bench/json_tern")
NAMES = ("todo", "tweets", "programme", "country")
GOALS = {"simdjson": 1.5, "go": 5.0, "pydantic": 10.0, "msgspec": 10.0}


def flags():
    parser = argparse.ArgumentParser(prog="scripts/bench-json", description=__doc__, usage="scripts/bench-json [flags]")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds, each with every library (5)")
    parser.add_argument("--milliseconds", type=int, default=300, metavar="MS", help="CPU time of each measurement (300)")
    parser.add_argument("--duration", type=int, default=3, metavar="S", help="seconds of each load of a server (3)")
    parser.add_argument("--connections", type=int, default=1000, metavar="C", help="of wrk (1000)")
    parser.add_argument("--quick", action="store_true", help="one short round: whether it works, not how fast")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.milliseconds, args.duration, args.connections = 1, 20, 1, 100
    if min(args.rounds, args.milliseconds, args.duration, args.connections) < 1:
        parser.error("numbers are from 1")
    return args


def built(command, what, folder=ROOT):
    """Whether a contestant could be built; one line when it could not."""
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
    except OSError as reason:
        core.say(f"skipped {what}: {reason}")
        return False
    if done.returncode != 0:
        reason = next((line for line in done.stdout.splitlines() if "rror" in line), f"exit {done.returncode}")
        core.say(f"skipped {what}: {reason.strip()}")
    return done.returncode == 0


def contestants():
    """name -> (command, what it does, its version)."""
    found = {"tern": ([TERN], ("decode", "encode"), "this commit")}
    program = os.path.join(BUILD, "simdjson")
    if built(["g++", "-std=c++17", "-O3", "-march=native", "-DNDEBUG", "-o", program,
              os.path.join(HERE, "simdjson.cpp"), "-lsimdjson"], "simdjson (Debian: libsimdjson-dev)"):
        found["simdjson"] = ([program], ("decode",), "simdjson " + simdjson_version())
    if not glob.glob("/usr/include/yyjson.h"):
        core.say("skipped yyjson: Debian 12 has no package of it")
    program = os.path.join(BUILD, "go")
    if built(["go", "build", "-o", program, "."], "Go", os.path.join(HERE, "go")):
        found["go"] = (["env", "GOMAXPROCS=1", program], ("decode", "encode"), core.first_line(["go", "version"]))
    python = os.path.join(BUILD, "venv/bin/python")
    if not os.path.exists(python) and not built(["python3", "-m", "venv", os.path.join(BUILD, "venv")], "Python"):
        return found
    wanted = os.path.join(HERE, "requirements.txt")
    if built([python, "-m", "pip", "install", "-q", "-r", wanted], "pydantic and msgspec"):
        with open(wanted, encoding="ascii") as file:
            versions = dict(line.strip().split("==") for line in file if "==" in line)
        for name in ("msgspec", "pydantic"):
            found[name] = ([python, os.path.join(HERE, "models.py"), name], ("decode", "encode"),
                           f"{name} {versions[name]}, {core.first_line([python, '--version'])}")
    return found


def simdjson_version():
    found = core.first_line(["dpkg-query", "-W", "-f", "${Version}", "libsimdjson-dev"])
    return found or "of unknown version"


def one(command, name, operation, milliseconds):
    """(nanoseconds of CPU for a document, its bytes)."""
    pinned = ["taskset", "-c", "1"] if len(os.sched_getaffinity(0)) > 1 and shutil.which("taskset") else []
    done = subprocess.run([*pinned, *command, DOCUMENTS, name, operation, str(milliseconds)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise measure.Failed(f"{command[-1]} {name} {operation}: {done.stderr.strip()[-200:]}")
    ns, size = done.stdout.split()
    return float(ns), int(size)


def run_libraries(args, found):
    """operation -> document -> library -> {"ns": [one for each round], "bytes"}; the order is reversed each time."""
    runs = {operation: {name: {} for name in NAMES} for operation in ("decode", "encode")}
    for number in range(args.rounds):
        order = list(found) if number % 2 == 0 else list(reversed(found))
        for operation, documents in runs.items():
            for name, libraries in documents.items():
                for library in order:
                    command, operations, _ = found[library]
                    if operation not in operations:
                        continue
                    ns, size = one(command, name, operation, args.milliseconds)
                    kept = libraries.setdefault(library, {"ns": [], "bytes": size})
                    kept["ns"].append(ns)
        core.say(f"round {number + 1}/{args.rounds} of the libraries done")
    return runs


def main():
    args = flags()
    try:
        os.makedirs(DOCUMENTS, exist_ok=True)
        core.say("building release")
        core.must(["cmake", "--preset", "release"], "configuring")
        core.must(["cmake", "--build", "build/release", "--target", "json_tern", "json_requests"], "the build")
        core.must([TERN, "--write", DOCUMENTS], "writing the documents")
        found = contestants()
        measure.raise_file_limit()
        result = {
            "machine": core.machine(),
            "settings": {"rounds": args.rounds, "milliseconds": args.milliseconds, "duration_s": args.duration,
                         "connections": args.connections},
            "goals": GOALS,
            "versions": {name: version for name, (_, _, version) in found.items()},
            "documents": {name: table.statistics_of(os.path.join(DOCUMENTS, f"{name}.json")) for name in NAMES},
            "libraries": run_libraries(args, found),
            "requests": requests_cost.measure_all(args),
        }
    except measure.Failed as reason:
        print(f"bench-json: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench-json: stopped", file=sys.stderr)
        return 130
    text = table.markdown(result)
    print(text)
    if args.quick:
        core.say("a quick run writes no results")
        return 0
    os.makedirs(core.RESULTS, exist_ok=True)
    for suffix, content in (("json", json.dumps(result, indent=1) + "\n"), ("md", text)):
        with open(os.path.join(core.RESULTS, f"json.{suffix}"), "w", encoding="utf-8") as file:
            file.write(content)
    core.say("wrote bench/results/json.json and json.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
