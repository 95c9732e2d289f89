#!/usr/bin/env python3
"""CPU time of a compressed reply, next to nginx: `bench/compressing.py [BYTES] [SECONDS]`, after a release build.

Each server has one worker and is loaded by wrk over kept connections. A figure is the worker's own CPU time (user and
system, from /proc) divided by the requests that it answered; times of the client do not count. nginx compresses a file
that it has open already, with libnginx-mod-http-brotli-filter for br; Debian has no zstd for it.
"""

import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICKS = os.sysconf("SC_CLK_TCK")
NGINX = """
worker_processes 1; daemon off; pid {place}/pid; error_log {place}/error.log;
load_module /usr/lib/nginx/modules/ngx_http_brotli_filter_module.so;
events {{ worker_connections 512; }}
http {{
  access_log off; open_file_cache max=10; keepalive_requests 100000000; client_body_temp_path {place}/b;
  proxy_temp_path {place}/p; fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
  types {{ application/json json; }}
  gzip_types application/json; gzip_min_length 1000; brotli_types application/json; brotli_min_length 1000;
  gzip_proxied any;
  server {{ listen 127.0.0.1:{port}; root {place};
    gzip {gzip}; gzip_comp_level {level}; brotli {brotli}; brotli_comp_level {level}; }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_body(size):
    """JSON as an API sends it: a list of records."""
    draw = random.Random(1)
    words = "alpha beta gamma delta garden window river mountain copper silver autumn letter".split()
    items = []
    while len(json.dumps(items, separators=(",", ":"))) < size:
        items.append({"id": draw.randrange(10**6), "name": " ".join(draw.sample(words, 3)),
                      "email": f"{draw.choice(words)}{draw.randrange(1000)}@example.org", "active": draw.random() < 0.5,
                      "score": round(draw.random() * 100, 3), "created": f"2026-{draw.randrange(1, 13):02}-11T10:12:{draw.randrange(60):02}Z"})
    return json.dumps(items, separators=(",", ":"))


def worker_of(pid):
    """The only child of a server, which does the work; the server itself without one."""
    text = open(f"/proc/{pid}/task/{pid}/children").read().split()
    return int(text[0]) if text else pid


def cpu_s(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def wait_port(port):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the server does not listen")


def measure(port, pid, path, accept, seconds):
    headers = ["-H", f"Accept-Encoding: {accept}"] if accept else []
    url = f"http://127.0.0.1:{port}{path}"
    size = int(subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{size_download}", *headers, url],
                              capture_output=True, text=True, check=True).stdout)
    worker = worker_of(pid)
    before = cpu_s(worker)
    out = subprocess.run(["wrk", "-t1", "-c4", f"-d{seconds}s", *headers, url], capture_output=True, text=True).stdout
    count = int(re.search(r"(\d+) requests in", out).group(1))
    return (cpu_s(worker) - before) / count * 1e6, size


def serve_tern(body, env):
    port = free_port()
    program = os.path.join(ROOT, "build/release/bench/compress_tern")
    server = subprocess.Popen([program, "--listen", f"http://127.0.0.1:{port}", "--workers", "1"],
                              env=os.environ | {"BODY": body} | env, stderr=subprocess.DEVNULL)
    wait_port(port)
    return server, port


def serve_nginx(place, coding, level):
    port = free_port()
    config = NGINX.format(place=place, port=port, level=level, gzip="on" if coding == "gzip" else "off",
                          brotli="on" if coding == "br" else "off")
    path = os.path.join(place, "nginx.conf")
    open(path, "w").write(config)
    server = subprocess.Popen(["nginx", "-c", path, "-p", place], stderr=subprocess.DEVNULL)
    wait_port(port)
    return server, port


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10 * 1024
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    print(f"{'':24}{'Tern us':>10}{'bytes':>9}{'nginx us':>10}{'bytes':>9}")
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        body = os.path.join(place, "body.json")
        open(body, "w").write(make_body(size))
        os.chmod(body, 0o644)
        for coding, level in [("", 1), ("gzip", 1), ("gzip", 6), ("br", 1), ("br", 4), ("br", 5), ("br", 6), ("zstd", 1),
                              ("zstd", 3), ("zstd", 6)]:
            names = {"gzip": "GZIP", "br": "BROTLI", "zstd": "ZSTD"}
            server, port = serve_tern(body, {names[coding]: str(level)} if coding else {})
            ours = measure(port, server.pid, "/json", coding, seconds)
            server.terminate()
            server.wait()
            row = f"{(coding + ' ' + str(level)) if coding else 'not compressed':24}{ours[0]:10.1f}{ours[1]:9}"
            if coding != "zstd":
                server, port = serve_nginx(place, coding, level)
                theirs = measure(port, server.pid, "/body.json", coding, seconds)
                server.terminate()
                server.wait()
                row += f"{theirs[0]:10.1f}{theirs[1]:9}"
            print(row, flush=True)


main()
