"""Counts Tern's work for 10, 1,000 and 100,000 of a thing: instructions, counted by callgrind, independent of time.

scripts/growth calls it. A figure is the instructions of user code for each thing except the first: if it stays the
same, work grows linearly.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, "build/release/bench/growth")
README = os.path.join(ROOT, "bench/README.md")
BEGIN, END = "<!-- made by scripts/growth --write -->", "<!-- end -->"
COUNTS = (10, 1000, 100000)


class Wrong(Exception):
    """A program of the measurement failed."""


# -- what grows with the application: name in main.c, what the table calls it, arguments, counts --

STARTS = [
    ("routes", "routes", ["--check"], COUNTS),
    ("routes-of-one-handler", "routes of one handler", ["--check"], COUNTS),
    ("routes-with-parameters", "routes with parameters", ["--check"], COUNTS),
    ("routes", "routes, `APP routes`", ["routes"], COUNTS),
    ("routes", "routes, `APP openapi`", ["openapi"], (10, 1000, 10000)),
    ("routes-of-one-handler", "routes of one handler, `APP openapi`", ["openapi"], (10, 1000, 10000)),
    ("tags", "routes with a tag each, `APP openapi`", ["openapi"], (10, 1000, 10000)),
    ("groups", "groups of a route", ["--check"], COUNTS),
    ("hosts", "hosts of a route", ["--check"], COUNTS),
    ("middleware", "middleware of one application", ["--check"], COUNTS),
    ("hooks", "tern_on_start", ["--check"], COUNTS),
    ("schemes", "tern_security with a route", ["--check"], COUNTS),
    ("models", "models with two routes", ["--check"], (10, 1000, 2000)),
    ("models", "models with two routes, `APP openapi`", ["openapi"], (10, 1000, 2000)),
    ("models-of-one-name", "models of one name, `APP openapi`", ["openapi"], (10, 1000, 2000)),
    ("model-of-many-files", "files that include a model, `APP openapi`", ["openapi"], (10, 1000, 2000)),
    ("tables", "models that are tables", ["--check"], (10, 1000, 5000)),
    ("resources", "resources", ["--check"], (10, 1000)),
    ("application", "routes, a tenth as many models", ["--check"], (10, 1000, 10000)),
    ("tests", "tests, `--list`", ["tests", "--list"], COUNTS),
]

# The cost of one request with that many routes: the kind and one of its paths.
ROUTED = [
    ("routes", "a request among so many routes", "/things/7"),
    ("routes-with-parameters", "a request among so many routes with parameters", "/things-7/5/parts/3"),
]


# -- what grows with a request --

def get(path, headers=""):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode()


def post(path, body, media="application/json"):
    body = body.encode() if isinstance(body, str) else body
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def asked(path):
    return lambda n: get(f"{path}?n={n}")


def members(n):
    return "{" + ",".join(f'"key{i}":{i}' for i in range(n)) + "}"


def texts(n):
    return '{"n":[' + ",".join(f'"text {i}"' for i in range(n)) + "]}"


def form(n):
    return "&".join(f"n={i}" for i in range(n))


def multipart(n):
    part = '--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n7\r\n'
    return post("/list", part * n + "--b--\r\n", "multipart/form-data; boundary=b")


def cookies(n):
    return get("/header", "Cookie: " + "; ".join([f"c{i}={i}" for i in range(n)] + ["last=1"]) + "\r\n")


def headers_of(n):
    return get("/header", "".join(f"X-{i}: {i}\r\n" for i in range(n)) + "X-Last: 1\r\n")


REQUESTS = [
    ("header fields of a request (at most 100)", headers_of, (10, 90)),
    ("cookies of a request (its head has at most 16 KiB)", cookies, (10, 1000)),
    ("parameters of a query (at most 1,000)", lambda n: get("/query?" + form(n)), (10, 900)),
    ("fields of a form (at most 1,000)",
     lambda n: post("/list", form(n), "application/x-www-form-urlencoded"), (10, 1000)),
    ("parts of a multipart form (at most 1,000)", multipart, (10, 1000)),
    ("members of free JSON", lambda n: post("/any", members(n)), COUNTS),
    ("entries of a map", lambda n: post("/map", f'{{"bag":{members(n)}}}'), COUNTS),
    ("unknown members of a model (100 faults are told)", lambda n: post("/strict", members(n)), COUNTS),
    ("wrong items of a list", lambda n: post("/list", texts(n)), COUNTS),
    ("items of a list", lambda n: post("/list", f'{{"n":[{",".join(map(str, range(n)))}]}}'), COUNTS),
    ("items of a list, .unique_items", lambda n: post("/different", texts(n)), COUNTS),
    ("KiB of a body, whole", lambda n: post("/body", b"x" * (n << 10), "text/plain"), (10, 1000, 65536)),
    ("KiB of a body, streamed", lambda n: post("/stream", b"x" * (n << 10), "text/plain"), (10, 1000, 65536)),
    ("tern_defer", asked("/defer"), COUNTS),
    ("tasks of a request", asked("/tasks"), (10, 1000, 10000)),
    ("sleeping tasks of a request", asked("/timers"), (10, 1000)),
    ("lines of the log", asked("/log"), COUNTS),
    ("tern_value_set", asked("/members"), COUNTS),
    ("tern_set_header (the head has at most 8 KiB)", asked("/headers"), (10, 100)),
    ("entries put into a shared map", asked("/shared"), COUNTS),
]

# The requests after that many rows exist.
ROWS = [
    ("rows, tern_select", asked("/rows/select"), (10, 1000, 20000)),
    ("rows, tern_select and tern_json_list", asked("/rows/show"), (10, 1000, 20000)),
    ("rows, tern_preload", asked("/rows/related"), (10, 1000, 20000)),
    ("rows, tern_rows_next", asked("/rows/walk"), (10, 1000, 100000)),
    ("rows, tern_find_all", asked("/rows/find"), (10, 1000, 20000)),
    ("rows, tern_insert_all", asked("/rows/insert"), (10, 1000, 20000)),
    ("rows, tern_update_all", asked("/rows/update"), (10, 1000, 20000)),
]


def environment(kind, count):
    return dict(os.environ, GROWTH=f"{kind}:{count}", TERN_MAX_REQUEST_MEMORY="4g", TERN_REQUEST_TIMEOUT="600s",
                TERN_BODY_TIMEOUT="600s", TERN_DRAIN_TIMEOUT="1s", LC_ALL="C.UTF-8")


def callgrind(folder):
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--log-file={folder}/log"]


def instructions(folder):
    with open(os.path.join(folder, "log"), encoding="utf-8") as file:
        found = re.search(r"Collected : (\d+)", file.read())
    if found is None:
        raise Wrong("callgrind has counted nothing")
    return int(found.group(1))


def of_start(kind, arguments, count):
    with tempfile.TemporaryDirectory(prefix="tern-growth-") as folder:
        done = subprocess.run([*callgrind(folder), PROGRAM, *arguments], env=environment(kind, count), cwd=folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Wrong(f"{kind}:{count}: {done.stderr.decode()[:500]}")
        return instructions(folder)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def connect(port, process):
    while process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=300)
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise Wrong("the server ended")


def answer(connection, request):
    """Sends a request on a persistent connection; returns the status."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise Wrong("the connection ended without an answer")
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    left = int(found.group(1)) - len(body) if found else 0
    while left > 0:
        left -= len(connection.recv(min(left, 1 << 20)))
    return int(head.split()[1])


def of_requests(requests, connections=1, application=("requests", 1)):
    """The instructions of a server that answers these requests on each of so many connections."""
    with tempfile.TemporaryDirectory(prefix="tern-growth-") as folder:
        port = free_port()
        command = [*callgrind(folder), PROGRAM, "--workers", "0", "--port", str(port)]
        process = subprocess.Popen(command, env=environment(*application), cwd=folder, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            opened = [connect(port, process) for _ in range(connections)]
            for connection in opened:
                for request in requests:
                    status = answer(connection, request)
                    if status >= 500 or status in (400, 404, 408, 413, 431):
                        raise Wrong(f"{request[:60]!r} is answered by {status}")
            for connection in opened:
                connection.close()
        finally:
            process.terminate()
            process.wait()
        return instructions(folder)


def figures(counts, measure):
    """Instructions for each of the things except the first, by count."""
    one = measure(1)
    return {count: max(0, measure(count) - one) / (count - 1) for count in counts}


def among(kind, path):
    """Instructions of one request, by how many routes there are."""
    def measure(count):
        few, many = (of_requests([get(path)] * asked_for, application=(kind, count)) for asked_for in (10, 210))
        return (many - few) / 200
    return {count: measure(count) for count in COUNTS}


def jobs():
    """(title, function that finds its figures) of every line."""
    for kind, title, arguments, counts in STARTS:
        yield title, lambda k=kind, a=arguments, c=counts: figures(c, lambda n: of_start(k, a, n))
    for kind, title, path in ROUTED:
        yield title, lambda k=kind, p=path: among(k, p)
    for title, build, counts in REQUESTS:
        yield title, lambda b=build, c=counts: figures(c, lambda n: of_requests([b(1), b(n)]))
    for title, build, counts in ROWS:
        fill = get(f"/rows/fill?n={max(counts)}")
        yield title, lambda b=build, c=counts, f=fill: figures(c, lambda n: of_requests([f, b(n)]))
    yield "connections with a request each", \
        lambda: figures((10, 1000, 10000), lambda n: of_requests([get("/header")], n))


def is_wanted(title, words):
    return not words or any(word in title for word in words)


def line(title, found):
    cells = [f"{count:,}: {value:,.0f}" for count, value in found.items()]
    first, last = list(found.values())[-2:]
    return f"| {title} | {' · '.join(cells)} | {last / first:.2f} |" if first else f"| {title} | {' · '.join(cells)} | - |"


def write_readme(table):
    with open(README, encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    with open(README, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{table}\n{END}{after}")


def main():
    parser = argparse.ArgumentParser(prog="growth", description="What each thing costs when there are many of it.")
    parser.add_argument("words", nargs="*", help="only the lines of the table that hold one of these words")
    parser.add_argument("--write", action="store_true", help="put the table into bench/README.md")
    options = parser.parse_args()
    for program, hint in (("valgrind", "apt-get install valgrind"),
                          (PROGRAM, "cmake --preset release && cmake --build build/release --target growth")):
        if shutil.which(program) is None:
            print(f"growth: {program} is missing: {hint}", file=sys.stderr)
            return 3
    lines = ["| what there are many of | instructions for each, by how many there are | last by the one before |", "|---|---|---:|"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:  # other programs add no instructions
        started = [(title, pool.submit(find)) for title, find in jobs() if is_wanted(title, options.words)]
        for title, found in started:
            lines.append(line(title, found.result()))
            print(lines[-1], flush=True)
    if options.write and not options.words:
        write_readme("\n".join(lines))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as reason:
        print(f"growth: {reason}", file=sys.stderr)
        sys.exit(1)
