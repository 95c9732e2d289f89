#!/usr/bin/env python3
"""The SQL of models' tables (schema.c), run by the engines: what each rule refuses, and the values of defaults."""

import os
import re
import sqlite3
import subprocess
import sys

import harness
from harness import check, check_equal, test

import postgres  # pylint: disable=wrong-import-position

# Column, an accepted value, a refused value; then, where the engines differ, the text in the refusal of SQLite and of
# PostgreSQL ("": not refused there, by design).
CHECK = "thing_{}_check"
CASES = [
    ("a", "-128", "-129", CHECK, CHECK), ("a", "127", "128", CHECK, CHECK),
    ("b", "-32768", "-32769", CHECK, "smallint out of range"), ("b", "9", "10", CHECK, CHECK),
    ("c", "-5", "7", CHECK, CHECK), ("c", "2147483645", "2147483650", CHECK, "integer out of range"),
    ("d", "9223372036854775807", "0", CHECK, CHECK),
    ("e", "255", "256", CHECK, CHECK), ("e", "0", "-1", CHECK, CHECK),
    ("f", "65535", "65536", CHECK, CHECK), ("f", "0", "-1", CHECK, CHECK),
    ("g", "4294967295", "4294967296", CHECK, CHECK), ("g", "0", "-1", CHECK, CHECK),
    ("h", "9223372036854775807", "-1", CHECK, CHECK),
    ("i", "0.10000000149011612", "0.11", CHECK, CHECK), ("j", "0.5", "0.49", CHECK, CHECK),
    ("k", "true", "2", CHECK, "is of type boolean"),
    ("l", "'it''s'", "'its'", CHECK, CHECK),
    ("n", "'01234567-89ab-cdef-0123-456789abcdef'", "'0123'", CHECK, "invalid input syntax"),
    ("o", "'2026-11-24'", "'24.11.26'", CHECK, "invalid input syntax|out of range"),
    ("p", "'17:30:00.250000'", "'5 past'", CHECK, "invalid input syntax"),
    ("q", "'2026-11-24T16:30:00.000000Z'", "'yesterday noon'", CHECK, "invalid input syntax"),
    ("t", """'{"a": 1}'""", "'{a}'", CHECK, "invalid input syntax"),
    ("u", "'angry'", "'merry'", CHECK, CHECK),
    ("v", "'{}'", "'street'", CHECK, "invalid input syntax"),
    ("w", "'\u00e4\u00e4\u00e4'", "'abcd'", CHECK, CHECK), ("w", "'ab'", "'a'", CHECK, CHECK),
    ("x", "'a-b'", "'a--b'", "", CHECK),
    ("owner", "1", "2", "FOREIGN KEY", "thing_owner_fkey"),
    ("a", "null", "'text'", "cannot store TEXT", "invalid input syntax"),
]
ENGINES = []


class Sqlite:
    name, case = "sqlite", 3

    def __init__(self):
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        self.database.execute("pragma foreign_keys = on")

    def run(self, sql):
        """The rows of the last statement, as text."""
        self.database.executescript("begin;")
        try:
            rows = []
            for statement in re.split(r";\s*(?:\n|$)", sql):
                rows = self.database.execute(statement).fetchall() or rows
            self.database.execute("commit")
        except sqlite3.Error as error:
            if self.database.in_transaction:
                self.database.execute("rollback")
            raise RuntimeError(str(error)) from None
        return "\n".join("|".join("" if value is None else str(value) for value in row) for row in rows)


class Postgres:
    name, case = "postgres", 4

    def __init__(self):
        self.server = postgres.Server()

    def run(self, sql):
        return self.server.psql(sql)


def engine_of(kind):
    engine = kind()
    sql = subprocess.run([harness.program("schema"), engine.name], capture_output=True, text=True, check=True).stdout
    engine.run(sql)
    engine.run("insert into \"user\" (id, email) values (1, 'a')")
    return engine


def engines():
    if not ENGINES:
        ENGINES.append(engine_of(Sqlite))
        if postgres.folder() is None:
            print("# PostgreSQL is not installed: its half of these tests is left out")
        else:
            ENGINES.append(engine_of(Postgres))
    return ENGINES


def refusal(engine, sql):
    try:
        engine.run(sql)
    except RuntimeError as error:
        return str(error)
    return None


@test
def every_rule_of_a_model_is_kept_by_the_database():
    for engine in engines():
        good = [f"insert into thing ({case[0]}) values ({case[1]})" for case in CASES]
        check_equal(refusal(engine, ";\n".join(good)), None, f"{engine.name}: what is allowed")
        for case in CASES:
            column, bad, want = case[0], case[2], case[engine.case].format(case[0])
            got = refusal(engine, f"insert into thing ({column}) values ({bad})")
            if want == "":
                check_equal(got, None, f"{engine.name}: {column} = {bad}")
            else:
                check(got is not None and re.search(want, got), f"{engine.name}: {column} = {bad} is refused with "
                                                                f"{want}, not {got!r}")


@test
def bytes_and_decimals_are_checked_against_their_limits():
    sqlite = engines()[0]
    check_equal(refusal(sqlite, "insert into thing (m, s) values (x'0102', '0.1')"), None)
    check("thing_m_check" in refusal(sqlite, "insert into thing (m) values (x'01')"), "too few bytes")
    check("thing_s_check" in refusal(sqlite, "insert into thing (s) values ('0.09')"), "too small a decimal")
    for server in engines()[1:]:
        check_equal(refusal(server, r"insert into thing (m, s) values ('\x0102', 0.1)"), None)
        check("thing_m_check" in refusal(server, r"insert into thing (m) values ('\x01')"), "too few bytes")
        check("thing_s_check" in refusal(server, "insert into thing (s) values (0.09)"), "too small a decimal")


@test
def limits_in_time_and_limits_that_exclude_their_value_are_kept():
    second = {"sqlite": "1000000", "postgres": "'1 second'"}
    less = {"sqlite": "999999", "postgres": "'999999 microseconds'"}
    for engine in engines():
        for column, good, bad in (
                ("a", "1", "0"), ("b", "2.49", "2.5"),
                ("c", "'0.1000000000000000001'", "'0.1'"), ("c", "'0.11'", "'0.09'"),
                ("d", "'1234567890123456.78'", "'1234567890123500'"),
                ("e", "'2020-01-01'", "'2019-12-31'"), ("e", "'2999-01-01'", "'0001-01-01'"),
                ("f", "'08:00:00.000000'", "'07:59:59.999999'"), ("f", "'17:30:00.000000'", "'17:30:00.000001'"),
                ("g", "'2030-01-01T00:00:00.000000Z'", "'2030-01-01T00:00:00.000001Z'"),
                ("h", second[engine.name], less[engine.name])):
            check_equal(refusal(engine, f"insert into \"limit\" ({column}) values ({good})"), None,
                        f"{engine.name}: {column} = {good}")
            check(f"limit_{column}_check" in (refusal(engine, f"insert into \"limit\" ({column}) values ({bad})") or ""),
                  f"{engine.name}: {column} = {bad} is refused")


@test
def unique_values_are_stored_once():
    for engine in engines():
        engine.run("insert into \"user\" (id, email) values (5, 'b')")
        check(re.search("user_email_key|user.email",
                        refusal(engine, "insert into \"user\" (id, email) values (6, 'b')")), f"{engine.name}: email")
        engine.run("insert into thing (a, b) values (100, 1)")
        check(re.search("thing_a_b_key|thing.a, thing.b", refusal(engine, "insert into thing (a, b) values (100, 1)")),
              f"{engine.name}: a and b together")
        engine.run("insert into thing (d, k) values (77, true)")
        engine.run("insert into thing (d, k) values (77, false)")
        engine.run("insert into thing (d, k) values (77, false)")
        check(re.search(r"thing_d_\w+_key|thing.d", refusal(engine, "insert into thing (d, k) values (77, true)")),
              f"{engine.name}: d where k")


@test
def rows_that_refer_to_a_deleted_row_follow_their_rule():
    for engine in engines():
        engine.run("insert into \"user\" (id, email) values (20, 'x'), (21, 'y'), (22, 'z');\n"
                   "insert into thing (id, owner) values (900, 20);\n"
                   "insert into thing (id, heir) values (901, 21);\n"
                   "insert into thing (id, maker) values (902, 22)")
        check(re.search("FOREIGN KEY|thing_owner_fkey", refusal(engine, 'delete from "user" where id = 20')),
              f"{engine.name}: still referred to")
        engine.run('delete from "user" where id in (21, 22)')
        check_equal(engine.run("select id, heir from thing where id in (901, 902)"), "901|", engine.name)


@test
def fallbacks_are_defaults():
    for engine in engines():
        engine.run("insert into plain (id) values (1)")
        check_equal(engine.run("select a, h, i, j, l, n, o, v from plain"),
                    "-5|7|0.5|1.5|it's|01234567-89ab-cdef-0123-456789abcdef|2026-11-24|angry", engine.name)
    check_equal(engines()[0].run("select k, hex(m), p, q, r, s, u from plain"),
                "1|00FF|17:30:00.250000|2026-11-24T16:30:00.000000Z|1500000|12.3|[]")
    for server in engines()[1:]:
        check_equal(server.run("select k, m, p, q at time zone 'UTC', r, s, u from plain"),
                    r"t|\x00ff|17:30:00.25|2026-11-24 16:30:00|00:00:01.5|12.3|[]")


@test
def keys_are_given_by_the_database_or_must_be_there():
    for engine in engines():
        engine.run("insert into circle (next) values (null)")
        check_equal(engine.run("select id from circle"), "1", engine.name)
        check("one" in refusal(engine, "insert into pair (two) values (1)"), f"{engine.name}: a key without a part")
        row = "insert into pair (one, two) values ('01234567-89ab-cdef-0123-456789abcdef', 1)"
        engine.run(row)
        check(re.search("pair.one, pair.two|pair_pkey", refusal(engine, row)), f"{engine.name}: a key twice")


if __name__ == "__main__":
    code = harness.main(programs=("schema",))
    for used in ENGINES[1:]:
        used.server.remove()
    sys.exit(code)
