"""Compressed bodies, entity tags and binary formats, against clients that people use: curl, Node, Go, and httpx, msgpack
and cbor2 from PyPI (installed once into build/bodies-tools; without them their tests are skipped)."""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib

import harness
from harness import ROOT, Server, Skip, check, check_equal, plain_only, program, test
import pypi

TOOLS = os.path.join(ROOT, "build", "bodies-tools")
HERE = os.path.dirname(os.path.abspath(__file__))
WANTED = os.path.join(HERE, "bodies.requirements.txt")


@functools.lru_cache(maxsize=1)
def server():
    started = Server(name="bodies")
    harness._shared[("bodies",)] = started  # ended by main
    return started


def url():
    return f"http://{server().host}:{server().port}"


def run(command, seconds=60, env=None):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
                          check=False, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout.decode("utf-8", "replace")


def need(name):
    found = shutil.which(name)
    if found is None:
        raise Skip(f"{name} is not installed")
    return found


def python():
    """The Python with the packages of bodies.requirements.txt; skips the test where they cannot be had."""
    folder, why = pypi.programs(TOOLS, WANTED)
    if folder is None:
        raise Skip(f"the packages from PyPI can't be had: {why}")
    return os.path.join(folder, "python")


@test
@plain_only("the client of this test speaks plain HTTP")
def formats_and_codings_of_pypi_are_understood_both_ways():
    code, output = run([python(), os.path.join(HERE, "bodies_peer.py"), url()])
    check_equal((code, output), (0, ""), "what the clients said")


@test
@plain_only("curl is given no certificate")
def curl_decodes_every_coding_that_it_asks_for():
    plain = run(["curl", "-s", url() + "/text"])[1]
    for coding in ("gzip", "br", "zstd", "deflate, gzip, br, zstd"):
        code, output = run(["curl", "-s", "--compressed", "-H", f"Accept-Encoding: {coding}", "-D", "-", url() + "/text"])
        head, body = output.split("\r\n\r\n", 1)
        check_equal(code, 0, "exit code")
        check("content-encoding: " in head.lower(), f"{coding} is used: {head}")
        check(body == plain, f"the text of {coding}")


@test
@plain_only("Node is given no certificate")
def node_fetch_decodes_replies_and_sees_events_as_they_are_sent():
    script = """
const base = process.argv[1];
const text = await (await fetch(base + '/text')).text();
const reply = await fetch(base + '/events', {headers: {'Accept-Encoding': 'gzip'}});
const begun = Date.now(), times = [];
let seen = '';
for await (const piece of reply.body) { seen += Buffer.from(piece).toString(); times.push(Date.now() - begun); }
console.log(JSON.stringify({length: text.length, seen, spread: times[times.length - 1] - times[0],
                            coding: reply.headers.get('content-encoding')}));
"""
    code, output = run([need("node"), "--input-type=module", "-e", script, url()])
    check_equal(code, 0, f"exit code, with {output}")
    seen = json.loads(output)
    check_equal((seen["length"], seen["seen"], seen["coding"]), (20000, "data: 0\n\ndata: 1\n\ndata: 2\n\n", "gzip"), "what it read")
    check(seen["spread"] > 300, f"events came apart: {seen}")


GO = """package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	reply, err := http.Get(os.Args[1] + "/text")
	if err != nil {
		panic(err)
	}
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(reply.Uncompressed, len(body))
}
"""


@functools.lru_cache(maxsize=1)
def go_client():
    """The Go program, built once: the first build of net/http takes a minute."""
    folder = os.path.join(ROOT, "build", "bodies-go")
    source, built = os.path.join(folder, "main.go"), os.path.join(folder, "client")
    if not os.path.exists(built) or open(source, encoding="utf-8").read() != GO:
        os.makedirs(folder, exist_ok=True)
        with open(source, "w", encoding="utf-8") as file:
            file.write(GO)
        code, output = run([need("go"), "build", "-o", built, source], 400,
                           {"GOCACHE": os.path.join(folder, "cache"), "GO111MODULE": "off", "HOME": folder})
        check_equal(code, 0, f"go build, with {output}")
    return built


@test
@plain_only("the program is given no certificate")
def go_decodes_gzip_by_itself():
    code, output = run([go_client(), url()])
    check_equal((code, output.strip()), (0, "true 20000"), "what it read")


@test
def events_arrive_while_the_stream_is_open():
    """Each event is decoded before the next one is sent, 300 ms later."""
    with server().connect() as client:
        client.send(b"GET /events HTTP/1.1\r\nHost: t\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
        decoder, text, begun = zlib.decompressobj(31), b"", None
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.socket.recv(4096)
        data = data.split(b"\r\n\r\n", 1)[1]
        while b"data: 0\n\n" not in text:
            while b"\r\n" in data:
                size, rest = data.split(b"\r\n", 1)
                length = int(size, 16)
                if len(rest) < length + 2:
                    break
                text += decoder.decompress(rest[:length])
                data = rest[length + 2:]
            begun = begun or time.monotonic()
            if b"data: 0\n\n" not in text:
                data += client.socket.recv(4096)
        check(b"data: 1" not in text, f"only the first event: {text}")


@test
def a_reply_is_encoded_on_every_worker_under_load():
    with Server(name="bodies", workers=2) as busy:
        replies = harness.concurrent.futures.ThreadPoolExecutor(8)
        def ask(size):
            reply = busy.get(f"/text?size={size}", "Accept-Encoding: gzip")
            return reply.status, len(zlib.decompress(reply.body, 31))
        for got, size in zip(replies.map(ask, [1000, 40000, 100000] * 20), [1000, 40000, 100000] * 20):
            check_equal(got, (200, size), "status and length")


@test
def the_document_names_the_binary_formats():
    paths = json.loads(server().get("/openapi.json").body)["paths"]
    wanted = ["application/json", "application/msgpack", "application/cbor"]
    operation = paths["/echo"]["post"]
    check_equal(list(operation["requestBody"]["content"]), wanted, "of the body")
    check_equal(list(operation["responses"]["200"]["content"]), wanted, "of the reply")
    code, printed = run([program("bodies"), "openapi"])
    check_equal(code, 0, f"exit code, with {printed}")


@test
def accept_chooses_the_form_of_a_reply():
    for accept, status, body in (("text/html", 200, "<p>page</p>"), ("*/*", 200, '{"form":"json"}'), ("image/png", 406, None)):
        reply = server().get("/forms", f"Accept: {accept}")
        check_equal(reply.status, status, accept)
        check(body is None or reply.text == body, reply.text)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("bodies",)))
