"""The tests: the requests to send. contract.py has the expected replies; bench/README.md has both in one table."""

import json
import os
from dataclasses import dataclass

UPLOAD_BYTES = 1024 * 1024
STATIC_NAME, STATIC_BYTES = "100k.bin", 100 * 1024
SMALL_NAME, SMALL_BYTES = "1k.bin", 1024
PIPELINED = 16
ENGINES = {"postgres": "PostgreSQL", "sqlite": "SQLite"}

ORDER = {
    "customer": "Ada Lovelace", "email": "ada@example.org", "currency": "EUR", "express": True,
    "lines": [
        {"sku": "ABC-1234", "quantity": 2, "price_cents": 1999},
        {"sku": "XYZ-0001", "quantity": 1, "price_cents": 250},
        {"sku": "QQQ-7777", "quantity": 6, "price_cents": 1350},
    ],
    "note": "Leave it at the door, please",
}

# HS256 by "the-benchmark-secret-of-40-characters-xx", of user 42, until 2100
TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJzdWIiOiI0MiIsInNjb3BlIjoiYm9va3MucmVhZCBib29rcy53cml0ZSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwfQ."
    "coADIdiF34qpRXwLF9s2QZnk6pa-5N1KrIHv8dk4GUY")


@dataclass(frozen=True)
class Case:
    """One measured test."""

    name: str  # in --tests: "db-sqlite"
    group: str  # in peer.toml: "db"
    title: str
    path: str
    method: str = "GET"
    body: bytes = b""
    body_type: str = ""
    header: str = ""  # of each request: "Authorization: Bearer ..."
    depths: tuple = (1,)  # requests in one packet; each is measured
    engine: str = ""
    keeps_idle: bool = False  # also: the memory of idle connections
    logs: bool = False  # requests, to a file
    secure: bool = False  # over TLS 1.3
    protocol: str = "http/1.1"  # or "h2": by prior knowledge in clear text, by ALPN over TLS
    load: str = "wrk"  # load.GENERATORS has it
    resumes: bool = False  # handshakes by the ticket of the one before
    streams: int = 1  # requests at a time on each connection of HTTP/2
    connections: tuple = ()  # in place of those of the command line
    compared: tuple = ("fiber", "floor")  # the peers that tables compare with

    @property
    def speaks(self):
        """What a server has to be started for."""
        return self.engine, self.secure, self.protocol, self.logs

    @property
    def has_rates(self):
        """bench/rate speaks HTTP/1.1 in clear text, without headers of a test's own."""
        return self.load == "wrk" and not self.secure and not self.header


def database_cases(group, title, path):
    return [Case(f"{group}-{engine}", group, f"{title} ({shown})", path, engine=engine)
            for engine, shown in ENGINES.items()]


CASES = [
    Case("json", "json", "an object made and serialised for each request", "/"),
    Case("plaintext", "plaintext", "a fixed text, also with 16 requests in each packet", "/plaintext",
         depths=(1, PIPELINED)),
    Case("params", "params", "typed parameters of path and query, replied as JSON", "/users/42?q=tern&page=3"),
    Case("validate", "validate", "a JSON order of three lines, read, held against its rules and added up", "/orders",
         "POST", json.dumps(ORDER, separators=(",", ":")).encode(), "application/json"),
    Case("upload", "upload", "a body of 1 MiB", "/upload", "POST", bytes(range(256)) * (UPLOAD_BYTES // 256),
         "application/octet-stream"),
    Case("static", "static", "a file of 100 KiB", f"/static/{STATIC_NAME}"),
    Case("static-small", "static-small", "a file of 1 KiB", f"/static/{SMALL_NAME}", compared=("fiber", "nginx")),
    Case("stack", "stack", "the test json inside of a logger to a file, request ids, safe headers, CORS, a rate limit and a counter",
         "/stack", logs=True, compared=("fiber", "echo", "express")),
    Case("auth", "auth", "the test json for the user of a JSON Web Token (HS256), which is checked for each request",
         "/auth", header=f"Authorization: Bearer {TOKEN}", compared=("fiber", "fastapi")),
    *database_cases("db", "one row by its key", "/db"),
    *database_cases("queries", "20 rows by their keys, a query each", "/queries"),
    *database_cases("fortunes", "13 rows in an HTML page by the template engine", "/fortunes"),
    *database_cases("updates", "20 rows read, changed and written back", "/updates"),
    Case("tls-json", "tls", "the test json over TLS 1.3, on connections that are kept", "/", secure=True,
         load="h2load", keeps_idle=True, compared=("nginx", "net-http", "openssl")),
    Case("tls-static", "tls", "a file of 100 KiB over TLS 1.3", f"/static/{STATIC_NAME}", secure=True,
         load="h2load", compared=("nginx", "net-http", "openssl")),
    Case("tls-full", "tls", "full handshakes of TLS 1.3, ECDSA P-256; a request is a handshake", "/", secure=True,
         load="handshakes", connections=(100,), compared=("nginx", "net-http", "openssl")),
    Case("tls-resumed", "tls", "handshakes of TLS 1.3 that resume by a ticket; a request is a handshake", "/", secure=True,
         load="handshakes", connections=(100,), resumes=True, compared=("nginx", "net-http", "openssl")),
    Case("h2-clear", "h2", "the test json over HTTP/2 in clear text, 10 requests at a time on each connection", "/",
         protocol="h2", load="h2load", streams=10, connections=(100,), compared=("nghttpd", "h2o", "net-http")),
    Case("h2-tls", "h2", "the test json over HTTP/2 and TLS 1.3, 10 requests at a time on each connection", "/",
         secure=True, protocol="h2", load="h2load", streams=10, connections=(100,),
         compared=("nghttpd", "h2o", "net-http")),
    Case("core", "core", "Tern's examples/hello beside the floor, which sends the same bytes", "/",
         depths=(1, PIPELINED), keeps_idle=True),
]
GROUPS = tuple(dict.fromkeys(case.group for case in CASES))
DATABASE_GROUPS = tuple(dict.fromkeys(case.group for case in CASES if case.engine))


def find(name):
    """The test of this name, None when there is none (a results file may be older)."""
    return next((case for case in CASES if case.name == name), None)


def choose(names):
    """(cases, unknown names): `db` stands for db-postgres and db-sqlite; without names, all cases."""
    if not names:
        return list(CASES), []
    unknown = [name for name in names if not any(name in (case.name, case.group) for case in CASES)]
    return [case for case in CASES if case.name in names or case.group in names], unknown


def static_bytes():
    """Incompressible bytes that are always the same (xorshift)."""
    state, out = 0x2545F4914F6CDD1D, bytearray()
    while len(out) < STATIC_BYTES:
        state ^= state << 13 & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 7
        state ^= state << 17 & 0xFFFFFFFFFFFFFFFF
        out += state.to_bytes(8, "little")
    return bytes(out[:STATIC_BYTES])


def make_static(folder):
    os.makedirs(folder, exist_ok=True)
    for name, size in ((STATIC_NAME, STATIC_BYTES), (SMALL_NAME, SMALL_BYTES)):
        path = os.path.join(folder, name)
        if not os.path.exists(path) or os.path.getsize(path) != size:
            with open(path, "wb") as file:
                file.write(static_bytes()[:size])
    return folder
