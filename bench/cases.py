"""The tests: the requests to send. contract.py has the expected replies; bench/README.md has both in one table."""

import json
import os
from dataclasses import dataclass

UPLOAD_BYTES = 1024 * 1024
STATIC_NAME, STATIC_BYTES = "100k.bin", 100 * 1024
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
    depths: tuple = (1,)  # requests in one packet; each is measured
    engine: str = ""
    keeps_idle: bool = False  # also: the memory of idle connections


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
    *database_cases("db", "one row by its key", "/db"),
    *database_cases("queries", "20 rows by their keys, a query each", "/queries"),
    *database_cases("fortunes", "13 rows in an HTML page by the template engine", "/fortunes"),
    *database_cases("updates", "20 rows read, changed and written back", "/updates"),
    Case("core", "core", "Tern's examples/hello beside the floor, which sends the same bytes", "/",
         depths=(1, PIPELINED), keeps_idle=True),
]
GROUPS = tuple(dict.fromkeys(case.group for case in CASES))
DATABASE_GROUPS = tuple(dict.fromkeys(case.group for case in CASES if case.engine))


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
    path = os.path.join(folder, STATIC_NAME)
    if not os.path.exists(path) or os.path.getsize(path) != STATIC_BYTES:
        with open(path, "wb") as file:
            file.write(static_bytes())
    return folder
