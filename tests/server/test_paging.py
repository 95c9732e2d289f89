"""Pages, cursors and totals on both engines: a program of tests (paging.c); clients that page through many rows while
others write, also through a pooler; and cursors that a client made up."""

import base64
import re
import sys
import threading
from urllib.parse import quote

import harness
import shared_postgres
from harness import check, check_equal, test
from json_caller import Caller, check_program, new_database, served

import pgbouncer  # of tests/, which shared_postgres has put on the path

ROWS, NEW_ROWS_LEAST = 10000, 50


# -- the program of tests --

@test
def the_tests_of_pages_pass_on_sqlite():
    check_program("paging")


@test
def the_tests_of_pages_pass_on_postgres():
    check_program("paging", "--database-url", new_database("paging_tests"))


# -- many rows, and concurrent writers --

class Writer(threading.Thread):
    """Inserts rows and removes them again, on random pages."""

    def __init__(self, server):
        super().__init__()
        self.caller = Caller(server)
        self.is_done = threading.Event()
        self.count, self.fault = 0, None

    def run(self):
        try:
            mine = []
            while not self.is_done.is_set():
                status, row, _ = self.caller.send("POST", "/others", {"kind": ("odd", "even", None)[self.count % 3]})
                check_equal(status, 201, row)
                mine.append(row["id"])
                if len(mine) > 5:
                    check_equal(self.caller.send("DELETE", f"/others/{mine.pop(0)}")[0], 204)
                self.count += 1
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault


def read_all(server, query):
    """The ids of all rows, found by the links between pages."""
    caller, ids, path = Caller(server), [], f"/others?{query}"
    while path is not None:
        status, page, headers = caller.send("GET", path)
        check_equal(status, 200, page)
        ids += [row["id"] for row in page["items"]]
        link = headers["Link"]
        check_equal(link is not None, "next" in page, "a link where there is a cursor")
        path = re.fullmatch(r'<(.*)>; rel="next"', link).group(1) if link else None
    return ids


def check_pages_among_writers(server):
    check_equal(Caller(server).send("POST", f"/fill/{ROWS}")[0], 204)
    old = {row["id"] for row in Caller(server).get("/others?size=1000&order=id")["items"]}
    check_equal(len(old), 1000)
    before = set(read_all(server, "size=1000"))
    check_equal(len(before), ROWS)
    writers = [Writer(server) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        for query in ("order=kind&size=137", "order=-kind&size=500", "order=-id&size=61"):
            ids = read_all(server, query)
            check_equal(len(ids), len(set(ids)), f"{query}: rows that were seen twice")
            check_equal(before - set(ids), set(), f"{query}: rows that were passed over")
        harness.wait_for(lambda: all(w.count > NEW_ROWS_LEAST or w.fault for w in writers), text="the writers")
    finally:
        for writer in writers:
            writer.is_done.set()
            writer.join()
    check_equal([writer.fault for writer in writers], [None, None])


@test
def threat_127_cursors_show_every_row_once_while_others_write_to_sqlite():
    with served("paging", None) as server:
        check_pages_among_writers(server)


@test
def threat_127_cursors_show_every_row_once_while_others_write_to_postgres():
    with served("paging", new_database("paging_writers")) as server:
        check_pages_among_writers(server)


@test
def threat_127_cursors_show_every_row_once_through_a_pooler():
    if pgbouncer.program() is None:
        raise harness.Skip("pgbouncer is not installed (apt-get install pgbouncer)")
    new_database("paging_pooled")
    with pgbouncer.Bouncer(shared_postgres.server(), "transaction", default_pool_size=3) as bouncer:
        with served("paging", bouncer.url("paging_pooled"), "--database-prepare", "never") as server:
            check_pages_among_writers(server)
            check_estimates(server)


# -- totals --

def check_estimates(server):
    page = Caller(server).get("/guess?size=1")
    check_equal(page["total_is_estimate"], True)
    check(ROWS < page["total"] <= 3 * ROWS, f"the total is {page['total']}")
    check_equal(Caller(server).get("/guess?size=1&kind=nobody"), {"items": [], "total": 0, "total_is_estimate": False})


@test
def an_estimate_of_postgres_is_near_the_count_after_an_analyze():
    url = new_database("paging_guess")
    with served("paging", url) as server:
        check_equal(Caller(server).send("POST", "/fill/20000")[0], 204)
        shared_postgres.server().psql("analyze other", "paging_guess")
        for query, count in (("size=1", 20000), ("size=1&kind=odd", 10000)):
            page = Caller(server).get(f"/guess?{query}")
            check(abs(page["total"] - count) < count / 5, f"{query}: {page['total']}, not {count}")
        check_estimates_hold_their_parameters(server)


def check_estimates_hold_their_parameters(server):
    """A client's values are bound to the statement, never part of its text."""
    for kind in ("'; drop table other; --", "x rows=5", "%", "\u00e4" * 100, "$1"):
        page = Caller(server).get(f"/guess?size=1&kind={quote(kind)}")
        check_equal(page["total"], 0)


# -- cursors that a client made up --

def parts(cursor):
    """The part before the values, and the values: None for null."""
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    values, at = [], 5
    while at < len(raw):
        length = raw[at] | raw[at + 1] << 8
        values.append(None if length == 0 else raw[at + 2:at + 1 + length])
        at += 2 + max(length - 1, 0)
    return raw[:5], values


def joined(head, values):
    raw = head
    for value in values:
        length = 0 if value is None else len(value) + 1
        raw += bytes([length & 255, length >> 8]) + (value or b"")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


FORGED = [None, b"", b"0", b"-0", b"1e5", b"1e400", b"-1e-400", b"nan", b"inf", b"NaN", b"Infinity", b"9223372036854775807",
          b"9223372036854775808", b"-9223372036854775808", b"18446744073709551615", b"999999999999999999",
          b"0.000000000000000001", b"1" * 40, b"true", b"off", b"red", b"RED", b"0000-01-01", b"0000-02-29", b"9999-12-31",
          b"2026-02-30", b"0000-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999Z", b"9999-12-31T23:59:59-23:59",
          b"2026-11-30T10:00:00.1234567Z", b"00:00:00", b"23:59:60", b"24:00:00", b"PT0S", b"P99999999D", b"-PT0.000001S",
          b"P106751991DT4H", b"\x00", b"a\x00b", b"\xff\xfe", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"'; drop table thing; --",
          b"%", b"\\", b"x" * 1000, "\U0001f986".encode(), b"{}", b'{"a":"\\u0000"}', b"null",
          b"00000000-0000-0000-0000-000000000000", b"ffffffffffffffffffffffffffffffff", b"\xef\xbb\xbf1", b" 1", b"1 "]


def check_forged(server):
    caller = Caller(server)
    for text in ("a", "b", "c"):
        check_equal(caller.send("POST", "/things", {"kind": text, "extra": {"n": text}})[0], 201)
    fields = ["kind", "big", "weight", "ratio", "price", "at", "day", "clock", "span", "mark", "raw", "open", "huge", "colour",
              "extra"]
    taken = 0
    for order in fields + ["-" + field for field in fields]:
        path = f"/things?size=1&order={order}&after="
        head, values = parts(caller.get(path)["next"])
        check_equal(caller.send("GET", path + joined(head, values))[0], 200)
        for forged in FORGED:
            for place in range(len(values)):
                cursor = joined(head, values[:place] + [forged] + values[place + 1:])
                status, reply, _ = caller.send("GET", path + cursor)
                check(status in (200, 422), f"{order}, {forged}: {status} {reply}")
                check(status == 200 or reply["errors"][0]["location"] == ["query", "after"], f"{order}, {forged}: {reply}")
                taken += status == 200
        for cut in (head, head[:4], head + b"\x01", b"\x12" + head[1:], b"\x13" + head[1:], b"\x21" + head[1:]):
            status, reply, _ = caller.send("GET", path + joined(cut, values if cut is head else []))
            check(status in (200, 422), f"{order}, {cut}: {status} {reply}")
    check(taken > len(fields), f"{taken} were taken")


@test
def threat_127_a_cursor_that_a_client_made_up_is_another_place_or_422_on_sqlite():
    with served("paging", None, workers=1) as server:
        check_forged(server)


@test
def threat_127_a_cursor_that_a_client_made_up_is_another_place_or_422_on_postgres():
    with served("paging", new_database("paging_forged"), workers=1) as server:
        check_forged(server)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("paging",)))
