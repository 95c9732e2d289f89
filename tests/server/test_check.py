#!/usr/bin/env python3
"""`APP check`: checked.c has calls with one mistake each, and after each call the check's report for its line."""

import json
import os
import re
import subprocess
import sys
import tempfile

import harness
from harness import check, check_equal, test
from shared_postgres import server

SOURCE = os.path.join(harness.ROOT, "tests", "server", "checked.c")
COMMENT = re.compile(r"/\* (?:(sqlite|postgres): )?((?:error|warning|note): .*?\]) \*/")


def wanted(engine):
    """(line, text) of each comment for the engine."""
    with open(SOURCE, encoding="utf-8") as file:
        return sorted((number, found[1]) for number, line in enumerate(file, 1) for found in COMMENT.findall(line)
                      if found[0] in ("", engine))


class Place:
    """An empty folder, in which the program is run."""

    databases = 0

    def __init__(self, engine="sqlite"):
        self.engine = engine
        self.folder = tempfile.TemporaryDirectory(prefix="tern-check-")
        self.database = None
        self.words = []
        if engine == "postgres":
            Place.databases += 1
            self.database = f"check{Place.databases}"
            server().psql(f"create database {self.database}", "postgres")
            self.words = ["--database-url", server().url(self.database)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, *words, program="checked", url=True, more=None):
        env = harness._settings({"ASAN_OPTIONS": "detect_stack_use_after_return=0", **(more or {})})
        done = subprocess.run([program if "/" in program else harness.program(program), *words, *(self.words if url else [])], cwd=self.folder.name, env=env,
                              text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        check("Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr)
        return done.returncode, done.stdout, done.stderr


def on_both(function):
    for engine in ("sqlite", "postgres"):
        def one(engine=engine):
            with Place(engine) as place:
                function(place)
        one.__name__ = f"{function.__name__}_on_{engine}"
        test(one)
    return function


def found(out):
    """(line, text) of each line except the summary."""
    lines = [re.fullmatch(r".*checked\.c:(\d+): (.*)", line) for line in out.splitlines()[:-1]]
    check(all(lines), out)
    return sorted((int(line[1]), line[2]) for line in lines)


@on_both
def each_mistake_is_reported_with_its_line_and_nothing_else_is(place):
    code, out, err = place.run("check")
    check_equal(err, "")
    check_equal(code, 1)
    for one in wanted(place.engine):
        check(one in found(out), f"{one} is not told; of its line there is "
                                 f"{[words for number, words in found(out) if number == one[0]]}")
    check_equal([one for one in found(out) if one not in wanted(place.engine)], [], "what else is told")


@on_both
def findings_can_be_read_as_json(place):
    code, out, err = place.run("check", "--json")
    check_equal((code, err), (1, ""))
    answer = json.loads(out)
    first = answer["problems"][0]
    check(first["file"].endswith("tests/server/checked.c"), first["file"])
    check_equal([first[name] for name in ("line", "weight", "word", "call", "message")],
                [wanted(place.engine)[0][0], "error", "name", "tern_select(Book)",
                 'there is no column "titel"; did you mean "title"?'])
    check_equal(len(answer["problems"]), len(wanted(place.engine)))
    check(answer["checked"] > 80, answer["checked"])


@on_both
def examples_have_no_problem(place):
    for example, calls in (("todo", 5), ("bookshop", 5)):
        code, out, err = place.run("check", program=example)
        check_equal((code, err), (0, ""), example)
        check("error" not in out and "warning" not in out, out)
        check(f"{example}: {calls} calls checked with " in out, out)


@test
def a_program_without_a_database_has_no_such_command():
    with Place() as place:
        code, _, err = place.run("check", program="hello")
        check_equal(code, 1)
        check("check: there is no such command" in err, err)


@test
def both_databases_can_be_checked_at_once():
    with Place("postgres") as place:
        _, out, err = place.run("check", "--both")
        check_equal(err, "")
        lines = found(out)
        for one in wanted("sqlite") + wanted("postgres"):
            check_equal(lines.count(one), 1, f"{one} is told so often")
        check("calls checked with SQLite and PostgreSQL: " in out, out)


@test
def sqlite_can_be_checked_regardless_of_the_url():
    with Place() as place:
        code, out, err = place.run("check", "--sqlite", "--database-url", "postgres://127.0.0.1:1/nothing")
        check_equal((code, err), (1, ""))
        check_equal(found(out), wanted("sqlite"))


@test
def an_unreachable_postgres_is_reported():
    with Place() as place:
        code, out, err = place.run("check", "--database-url", "postgres://127.0.0.1:1/nothing")
        check_equal((code, out), (1, ""))
        check(err.startswith("checked: check: PostgreSQL: ") and "refused" in err, err)


@test
def both_without_a_postgres_is_refused_with_the_missing_option():
    with Place() as place:
        code, _, err = place.run("check", "--both")
        check_equal((code, err), (1, "checked: check --both: name the PostgreSQL database with --database-url "
                                     "postgres://...\n"))


@on_both
def no_file_is_left(place):
    place.run("check")
    check_equal(os.listdir(place.folder.name), [])
    if place.engine == "postgres":
        check_equal(server().psql("select count(*) from pg_namespace where nspname like 'tern%'", place.database), "0")
        check_equal(server().psql("select count(*) from pg_tables where schemaname = 'public'", place.database), "0")


@test
def tables_of_the_application_in_the_same_postgres_are_neither_seen_nor_changed():
    with Place("postgres") as place:
        server().psql("create table book (titel text); insert into book values ('kept'); create table autor (id int)",
                      place.database)
        _, out, err = place.run("check")
        check_equal((err, found(out)), ("", wanted("postgres")))
        check_equal(server().psql("select titel from book", place.database), "kept")


@test
def a_role_that_may_not_create_a_schema_gets_a_message_with_the_missing_right():
    with Place("postgres") as place:
        server().psql(f"create role looker_{place.database} login password 'p'", place.database)
        url = server().url(place.database)
        head, tail = url.split("://", 1)
        tail = tail.split("@", 1)[-1]
        code, out, err = place.run("check", "--database-url", f"{head}://looker_{place.database}:p@{tail}", url=False)
        check_equal((code, out), (1, ""))
        check("permission denied" in err and "it needs the right to create one (grant create on database)" in err, err)


# -- migrations ------------------------------------------------------------------------------------------------------


@on_both
def calls_are_checked_against_the_tables_of_the_migrations(place):
    place.run("migrate", "make")
    name = f"migrations/0002_tags.{place.engine}.sql"
    place.write(name, "alter table loan add column whom text;\n-- migrate:down\n")
    code, out, err = place.run("check")
    check_equal((code, err), (1, ""))
    lines = wanted(place.engine)
    check_equal(found(out), [one for one in lines if '"whom"' not in one[1]])


@on_both
def a_migration_that_fails_is_reported_with_its_line(place):
    place.run("migrate", "make")
    place.write(f"migrations/0002_bad.{place.engine}.sql",
                "\nalter table loan\n    add colum whom text;\n-- migrate:down\n")
    code, out, err = place.run("check")
    check_equal((code, out), (1, ""))
    check(err.startswith(f"checked: migrations/0002_bad.{place.engine}.sql, line 2: "), err)


@on_both
def changes_of_the_models_without_a_migration_are_reported_and_checked(place):
    place.run("migrate", "make")
    path = place.path("migrations", "0001_initial.json")
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    book = next(table for table in schema["tables"] if table["name"] == "book")
    book["columns"] = [column for column in book["columns"] if column["name"] != "bought"]
    place.write("migrations/0001_initial.json", json.dumps(schema))
    path = f"migrations/0001_initial.{place.engine}.sql"
    with open(place.path(path), encoding="utf-8") as file:
        text = file.read()
    place.write(path, re.sub(r"(?m)^    bought .*\n", "", text))
    code, out, err = place.run("check")
    check_equal((code, err), (1, "checked: the models have changes that are not in a migration; run `checked migrate "
                                 "make`\n"))
    check_equal(found(out), wanted(place.engine))


@test
def an_unreadable_folder_of_migrations_is_reported():
    with Place() as place:
        place.write("migrations", "")
        code, out, err = place.run("check")
        check_equal((code, out, err), (1, "", "checked: migrations: Not a directory\n"))


@on_both
def tables_of_another_program_are_checked_where_they_exist(place):
    place.run("migrate", "make")
    place.run("migrate")
    code, out, err = place.run("check", more={"UNMANAGED": "1"})
    check_equal((code, err), (1, ""))
    check_equal(found(out), wanted(place.engine))


@test
def missing_tables_of_another_program_are_reported():
    with Place() as place:
        code, out, err = place.run("check", more={"UNMANAGED": "1"})
        check_equal((code, err), (1, ""))
        check('there is no table "book"' in out, out)
        check_equal(os.listdir(place.folder.name), [])


@test
def a_program_whose_calls_cannot_be_found_does_not_pass():
    with Place() as place, open(harness.program("bookshop"), "rb") as file:
        program = bytearray(file.read())
        program[40:48] = bytes(8)  # e_shoff
        program[60:64] = bytes(4)  # e_shnum, e_shstrndx
        with open(place.path("bookshop"), "wb") as copy:
            copy.write(program)
        os.chmod(place.path("bookshop"), 0o755)
        code, out, err = place.run("check", program=place.path("bookshop"))
        check_equal((code, out), (1, ""))
        check("/proc/self/exe: its section headers were removed, so its calls cannot be found" in err, err)


@on_both
def warnings_are_not_failures_unless_requested(place):
    code, out, _ = place.run("check", program="bookshop")
    check_equal(code, 0, out)
    code, out, _ = place.run("check", "--strict", program="bookshop")
    check_equal(code, 0, out)


if __name__ == "__main__":
    sys.exit(harness.main())
