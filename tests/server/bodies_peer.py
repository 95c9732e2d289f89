"""What test_bodies.py asks of clients from PyPI, as one program: prints a line for each check that fails."""

import datetime
import decimal
import gzip
import math
import sys
import uuid
import zlib

import brotli
import cbor2
import httpx
import msgpack
import zstandard

URL = sys.argv[1]
PACKERS = {"application/msgpack": (lambda v: msgpack.packb(v, datetime=True), lambda b: msgpack.unpackb(b, timestamp=3)),
           "application/cbor": (cbor2.dumps, cbor2.loads)}
PLAIN = {"name": "J\u00fcrgen \U0001f600", "done": True, "data": b"\x00\xff\x01", "size": 1.1, "tags": ["a", "", "c" * 90],
         "place": {"x": -0.5, "y": 1e300}, "more": {"a": [1, -1, None, True, 2**40, {"b": []}]}, "large": 2**64 - 1}
TIMES = {"name": "t", "at": datetime.datetime(2026, 11, 30, 20, 1, 2, 500000, tzinfo=datetime.timezone.utc)}


def check(what, got, wanted):
    if got != wanted:
        print(f"{what}: got {got!r}, wanted {wanted!r}")


def echo(client, sends, takes, value):
    pack, unpack = PACKERS[sends][0], PACKERS[takes][1]
    reply = client.post(URL + "/echo", content=pack(value), headers={"Content-Type": sends, "Accept": takes})
    check(f"{sends} to {takes}", (reply.status_code, reply.headers.get("content-type")), (200, takes))
    return unpack(reply.content) if reply.status_code == 200 else reply.text


def formats(client):
    for sends in PACKERS:
        for takes in PACKERS:
            check(f"{sends} to {takes}", echo(client, sends, takes, PLAIN), {"id": 7, **PLAIN})
            check(f"times, {sends} to {takes}", echo(client, sends, takes, TIMES), {"id": 7, **TIMES})
    rich = {"name": "r", "uid": uuid.uuid4(), "day": datetime.date(2026, 11, 30), "price": decimal.Decimal("12.30"), "at": TIMES["at"]}
    check("CBOR's own kinds", echo(client, "application/cbor", "application/cbor", rich), {"id": 7, **rich})
    for number in (0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63, -1, -24, -25, -32, -33, -128, -129, -2**31, -2**63):
        for kind in PACKERS:
            value = {"name": "n", "more": [number]}
            check(f"{number} in {kind}", echo(client, kind, kind, value), {"id": 7, **value})
    for number in (0.0, 1.5, 0.1, math.pi, 1e-310, 1.7976931348623157e308):
        for kind in PACKERS:
            check(f"{number} in {kind}", echo(client, kind, kind, {"name": "n", "size": number})["size"], number)


def faults(client):
    bad = {"name": "x" * 101, "done": 1, "tags": ["a", 5], "place": {"x": "1"}, "large": 2**64, "other": 1}
    seen = {}
    for kind, text in (("json", None), *((kind, pack) for kind, (pack, _) in PACKERS.items())):
        values = {key: value for key, value in bad.items() if key != "large" or kind != "application/msgpack"}
        if kind == "json":
            reply = client.post(URL + "/echo", json=values)
        else:
            reply = client.post(URL + "/echo", content=text(values), headers={"Content-Type": kind})
        check(f"faults in {kind}", reply.status_code, 422)
        seen[kind] = [fault for fault in reply.json()["errors"] if fault["location"][1] != "large"]
    check("faults in MessagePack", seen["application/msgpack"], seen["json"])
    check("faults in CBOR", seen["application/cbor"], seen["json"])


def codings(client):
    for coding, decode in (("gzip", gzip.decompress), ("br", brotli.decompress),
                           ("zstd", lambda b: zstandard.ZstdDecompressor().decompressobj().decompress(b))):
        for path in ("/text", "/text?size=300000", "/lines"):
            plain = client.get(URL + path, headers={"Accept-Encoding": "identity"}).content
            with client.stream("GET", URL + path, headers={"Accept-Encoding": coding}) as reply:
                raw = b"".join(reply.iter_raw())
            check(f"{coding} of {path}", (reply.headers.get("content-encoding"), decode(raw) == plain), (coding, True))
        reply = client.get(URL + "/text", headers={"Accept-Encoding": coding})
        check(f"httpx decodes {coding}", len(reply.text), 20000)


def request_codings(client):
    body = b"".join(b"%d;" % (i * i * 7919 % 1000003) for i in range(30000))
    bare = zlib.compressobj(wbits=-15)
    for coding, data in (("gzip", gzip.compress(body)), ("br", brotli.compress(body, quality=4)),
                         ("zstd", zstandard.compress(body)), ("deflate", zlib.compress(body)), ("deflate", bare.compress(body) + bare.flush())):
        reply = client.post(URL + "/count", content=data, headers={"Content-Encoding": coding})
        check(f"a request in {coding}", (reply.status_code, reply.text), (200, str(len(body))))
    for coding, pack in (("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstandard.compress), ("deflate", zlib.compress)):
        reply = client.post(URL + "/echo", content=pack(b'{"name":"packed"}'),
                            headers={"Content-Encoding": coding, "Content-Type": "application/json"})
        check(f"a model in {coding}", reply.json().get("name"), "packed")


with httpx.Client(timeout=10) as http:
    formats(http)
    faults(http)
    codings(http)
    request_codings(http)
